import { z } from 'zod'
import type { NodeTemplate } from '@drowse/node'
import { DrowseError } from '@drowse/protocol'
import type { CreateRequest } from '../../sandboxes/create.ts'
import { checkEgress, keptNetwork, networkSchema } from './network.ts'
import { requestBody } from './request-body.ts'
import { DEFAULT_TIMEOUT_S, timeoutSeconds } from './timeout.ts'

/** Body of `POST /sandboxes` and `POST /v2/sandboxes` (wire.md §1.2). */
export const createSandboxBody = requestBody({
  templateID: z.string('templateID must name a template').min(1, 'templateID must name a template'),
  timeout: timeoutSeconds.optional(),
  autoPause: z.boolean().optional(),
  autoPauseMemory: z.boolean().optional(),
  autoResume: z.object({ enabled: z.boolean() }).optional(),
  metadata: z.record(z.string(), z.string()).optional(),
  envVars: z
    .record(
      z.string().regex(/^[^=\0]+$/, 'Names in envVars must not be empty or contain "="'),
      z.string().refine((text) => !text.includes('\0'), 'Values in envVars must not contain NUL'),
    )
    .optional(),
  secure: z.boolean().optional(),
  allow_internet_access: z.boolean().optional(),
  network: networkSchema.optional(),
  mcp: z.unknown().optional(),
  iam: z.unknown().optional(),
  secrets: z.unknown().optional(),
  volumeMounts: z.unknown().optional(),
})

/** Fields that this version has no answer for; a value with content is refused rather than ignored. */
const UNSUPPORTED = ['mcp', 'iam', 'secrets', 'volumeMounts'] as const

/** Turns a checked body into a request. Throws "invalid_argument" for what contradicts itself or can't be honoured. */
export function toCreateRequest(
  body: z.infer<typeof createSandboxBody>,
  template: NodeTemplate,
  options: { isAlwaysSecure: boolean },
): CreateRequest {
  const autoPause = body.autoPause ?? false
  const autoPauseMemory = body.autoPauseMemory ?? true
  const autoResume = body.autoResume?.enabled ?? false
  const secure = options.isAlwaysSecure || body.secure !== false
  const network = keptNetwork(body.network)
  for (const name of UNSUPPORTED) refuse(hasContent(body[name]), `${name} is not supported yet; leave it out`)
  checkEgress(network, body.allow_internet_access)
  refuse(!autoPauseMemory && !autoPause, 'autoPauseMemory: false requires autoPause')
  refuse(!autoPauseMemory && autoResume, 'autoPauseMemory: false cannot be combined with autoResume')
  refuse(autoResume && !autoPause, 'autoResume requires autoPause')
  refuse(network.allowPublicTraffic === false && !secure, 'network.allowPublicTraffic: false requires secure')
  return {
    template,
    timeoutMs: (body.timeout ?? DEFAULT_TIMEOUT_S) * 1000,
    autoPause,
    autoPauseMemory,
    autoResume,
    metadata: body.metadata ?? {},
    envVars: body.envVars ?? {},
    network,
    allowInternetAccess: body.allow_internet_access,
    secure,
  }
}

function refuse(isWrong: boolean, message: string): void {
  if (isWrong) throw new DrowseError('invalid_argument', message)
}

function hasContent(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}
