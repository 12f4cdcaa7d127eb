import { asksForAccess, checkSameAccess, connectSandboxBody, toConnectRequest } from '../schemas/connect-sandbox.ts'
import { sandboxParams } from '../schemas/sandbox-params.ts'
import { presentSandbox, sandboxResponse } from '../schemas/sandbox-response.ts'
import type { Api } from './api.ts'
import type { SandboxRouteDependencies } from './sandbox-route-dependencies.ts'

/** `POST /sandboxes/:sandboxID/connect` and its `/v2` twin: 201 when it was started, 200 when it ran already. */
export function sandboxConnect(api: Api, { sandboxes, publicDomain }: SandboxRouteDependencies): void {
  const schema = {
    params: sandboxParams,
    body: connectSandboxBody,
    response: { 200: sandboxResponse, 201: sandboxResponse },
  }
  for (const url of ['/sandboxes/:sandboxID/connect', '/v2/sandboxes/:sandboxID/connect']) {
    api.post(url, { schema }, async (request, reply) => {
      const { sandboxID } = request.params
      if (asksForAccess(request.body)) checkSameAccess(request.body, await sandboxes.get(request.teamId, sandboxID))
      const { sandbox, isResumed } = await sandboxes.connect(request.teamId, sandboxID, toConnectRequest(request.body))
      return await reply.code(isResumed ? 201 : 200).send(presentSandbox(sandbox, publicDomain()))
    })
  }
}
