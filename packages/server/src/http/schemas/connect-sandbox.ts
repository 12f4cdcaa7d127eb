import { isDeepStrictEqual } from 'node:util'
import { DrowseError } from '@drowse/protocol'
import { z } from 'zod'
import type { ConnectRequest } from '../../sandboxes/connect.ts'
import type { Sandbox } from '../../sandboxes/sandbox.ts'
import { keptNetwork, networkSchema } from './network.ts'
import { requestBody } from './request-body.ts'
import { DEFAULT_TIMEOUT_S, timeoutSeconds } from './timeout.ts'

/** Body of `connect` and `resume` (wire.md §1.3). Both may be empty. */
export const connectSandboxBody = requestBody({
  timeout: timeoutSeconds.optional(),
  memory: z.boolean().optional(),
  secure: z.boolean().optional(),
  allowPublicTraffic: z.boolean().optional(),
  network: networkSchema.optional(),
})

type ConnectBody = z.infer<typeof connectSandboxBody>

/** Turns a checked body into a request. */
export function toConnectRequest(body: ConnectBody): ConnectRequest {
  return { timeoutMs: (body.timeout ?? DEFAULT_TIMEOUT_S) * 1000, memory: body.memory ?? true }
}

/** Whether a body asks for access rules that {@link checkSameAccess} has to compare. */
export function asksForAccess(body: ConnectBody): boolean {
  const { allowPublicTraffic, ...others } = keptNetwork(body.network)
  const isPrivate = (body.allowPublicTraffic ?? allowPublicTraffic) === false
  return body.secure === true || isPrivate || Object.keys(others).length > 0
}

/**
 * Throws "invalid_argument" when a body asks for stricter or other access than the sandbox was made with: that is for
 * life, and going on as if it had been granted would leave open what the caller thinks is closed.
 */
export function checkSameAccess(body: ConnectBody, sandbox: Sandbox): void {
  const { allowPublicTraffic, ...others } = keptNetwork(body.network)
  const [other] = Object.entries(others).find(([name, value]) => !isKept(sandbox, name, value)) ?? []
  const isPrivate = (body.allowPublicTraffic ?? allowPublicTraffic) === false
  const wrong =
    body.secure === true && !sandbox.secure
      ? 'secure'
      : isPrivate && sandbox.trafficAccessToken === undefined
        ? 'allowPublicTraffic'
        : other === undefined
          ? undefined
          : `network.${other}`
  if (wrong === undefined) return
  throw new DrowseError(
    'invalid_argument',
    `Cannot change ${wrong} of sandbox "${sandbox.id}": it is decided at create, or by a change of its network`,
  )
}

function isKept(sandbox: Sandbox, name: string, value: unknown): boolean {
  return isDeepStrictEqual(Object.entries(sandbox.network).find(([key]) => key === name)?.[1], value)
}
