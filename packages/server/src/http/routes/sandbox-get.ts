import { sandboxParams } from '../schemas/sandbox-params.ts'
import { presentSandboxDetail, sandboxDetailResponse } from '../schemas/sandbox-response.ts'
import type { Api } from './api.ts'
import type { SandboxRouteDependencies } from './sandbox-route-dependencies.ts'

/** `GET /sandboxes/:sandboxID`. */
export function sandboxGet(api: Api, { sandboxes, publicDomain }: SandboxRouteDependencies): void {
  const schema = { params: sandboxParams, response: { 200: sandboxDetailResponse } }
  api.get('/sandboxes/:sandboxID', { schema }, async (request, reply) => {
    const detail = await sandboxes.describe(request.teamId, request.params.sandboxID)
    return await reply.send(presentSandboxDetail(detail, publicDomain()))
  })
}
