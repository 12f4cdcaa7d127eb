import { z } from 'zod'
import { requestBody } from '../schemas/request-body.ts'
import { sandboxParams } from '../schemas/sandbox-params.ts'
import type { Api } from './api.ts'
import type { SandboxRouteDependencies } from './sandbox-route-dependencies.ts'

/** `memory: false` keeps files only; `requireHealthyGuest: true` refuses to save a daemon that does not answer. */
const body = requestBody({ memory: z.boolean().optional(), requireHealthyGuest: z.boolean().optional() })

/** `POST /sandboxes/:sandboxID/pause`; answers when what was saved is durable. */
export function sandboxPause(api: Api, { sandboxes }: SandboxRouteDependencies): void {
  api.post('/sandboxes/:sandboxID/pause', { schema: { params: sandboxParams, body } }, async (request, reply) => {
    const { memory = true, requireHealthyGuest = false } = request.body
    await sandboxes.pause(request.teamId, request.params.sandboxID, { memory, requireHealthyGuest })
    return await reply.code(204).send()
  })
}
