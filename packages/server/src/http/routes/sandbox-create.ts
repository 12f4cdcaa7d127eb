import { createHash } from 'node:crypto'
import { findTemplate } from '../../templates/find-template.ts'
import { readIdempotencyKey } from '../idempotency-key.ts'
import { createSandboxBody, toCreateRequest } from '../schemas/create-sandbox.ts'
import { presentSandbox, sandboxResponse } from '../schemas/sandbox-response.ts'
import type { Api } from './api.ts'
import type { SandboxRouteDependencies } from './sandbox-route-dependencies.ts'

/** `POST /sandboxes` and `POST /v2/sandboxes`; the latter always secures. */
export function sandboxCreate(api: Api, { sandboxes, templates, publicDomain }: SandboxRouteDependencies): void {
  for (const { url, isAlwaysSecure } of [
    { url: '/sandboxes', isAlwaysSecure: false },
    { url: '/v2/sandboxes', isAlwaysSecure: true },
  ]) {
    api.post(
      url,
      { schema: { body: createSandboxBody, response: { 201: sandboxResponse } } },
      async (request, reply) => {
        const template = await findTemplate(templates, request.body.templateID)
        const wanted = toCreateRequest(request.body, template, { isAlwaysSecure })
        const key = readIdempotencyKey(request)
        const repeatable = key === undefined ? undefined : { key, fingerprint: fingerprint([url, request.body]) }
        const sandbox = await sandboxes.create(request.teamId, wanted, repeatable)
        return await reply.code(201).send(presentSandbox(sandbox, publicDomain()))
      },
    )
  }
}

function fingerprint(request: unknown): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('hex')
}
