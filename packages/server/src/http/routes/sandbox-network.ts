import { toNetworkUpdate, updateNetworkBody } from '../schemas/update-network.ts'
import { sandboxParams } from '../schemas/sandbox-params.ts'
import type { Api } from './api.ts'
import type { SandboxRouteDependencies } from './sandbox-route-dependencies.ts'

/** `PUT /sandboxes/:sandboxID/network`: replaces all settings for outgoing traffic. */
export function sandboxNetwork(api: Api, { sandboxes }: SandboxRouteDependencies): void {
  const schema = { params: sandboxParams, body: updateNetworkBody }
  api.put('/sandboxes/:sandboxID/network', { schema }, async (request, reply) => {
    await sandboxes.updateNetwork(request.teamId, request.params.sandboxID, toNetworkUpdate(request.body))
    return await reply.code(204).send()
  })
}
