import { sandboxParams } from '../schemas/sandbox-params.ts'
import type { Api } from './api.ts'
import type { SandboxRouteDependencies } from './sandbox-route-dependencies.ts'

/** `DELETE /sandboxes/:sandboxID`. */
export function sandboxKill(api: Api, { sandboxes }: SandboxRouteDependencies): void {
  api.delete('/sandboxes/:sandboxID', { schema: { params: sandboxParams } }, async (request, reply) => {
    await sandboxes.kill(request.teamId, request.params.sandboxID)
    return await reply.code(204).send()
  })
}
