import { connectSandboxBody, toConnectRequest } from '../schemas/connect-sandbox.ts'
import { sandboxParams } from '../schemas/sandbox-params.ts'
import { presentSandbox, sandboxResponse } from '../schemas/sandbox-response.ts'
import type { Api } from './api.ts'
import type { SandboxRouteDependencies } from './sandbox-route-dependencies.ts'

/** `POST /sandboxes/:sandboxID/resume`, for older clients. */
export function sandboxResume(api: Api, { sandboxes, publicDomain }: SandboxRouteDependencies): void {
  const schema = { params: sandboxParams, body: connectSandboxBody, response: { 201: sandboxResponse } }
  api.post('/sandboxes/:sandboxID/resume', { schema }, async (request, reply) => {
    const sandbox = await sandboxes.resume(request.teamId, request.params.sandboxID, toConnectRequest(request.body))
    return await reply.code(201).send(presentSandbox(sandbox, publicDomain()))
  })
}
