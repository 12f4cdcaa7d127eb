import { requestBody } from '../schemas/request-body.ts'
import { sandboxParams } from '../schemas/sandbox-params.ts'
import { timeoutSeconds } from '../schemas/timeout.ts'
import type { Api } from './api.ts'
import type { SandboxRouteDependencies } from './sandbox-route-dependencies.ts'

const body = requestBody({ timeout: timeoutSeconds })

/** `POST /sandboxes/:sandboxID/timeout`. */
export function sandboxTimeout(api: Api, { sandboxes }: SandboxRouteDependencies): void {
  api.post('/sandboxes/:sandboxID/timeout', { schema: { params: sandboxParams, body } }, async (request, reply) => {
    await sandboxes.setTimeout(request.teamId, request.params.sandboxID, request.body.timeout * 1000)
    return await reply.code(204).send()
  })
}
