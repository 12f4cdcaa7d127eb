import { z } from 'zod'
import { requestBody } from '../schemas/request-body.ts'
import { sandboxParams } from '../schemas/sandbox-params.ts'
import type { Api } from './api.ts'
import type { SandboxRouteDependencies } from './sandbox-route-dependencies.ts'

const body = requestBody({ duration: z.int('duration must be a whole number of seconds').optional() })

/** `POST /sandboxes/:sandboxID/refreshes`; without a duration it asks for the least there is. */
export function sandboxRefresh(api: Api, { sandboxes }: SandboxRouteDependencies): void {
  api.post('/sandboxes/:sandboxID/refreshes', { schema: { params: sandboxParams, body } }, async (request, reply) => {
    await sandboxes.refresh(request.teamId, request.params.sandboxID, (request.body.duration ?? 0) * 1000)
    return await reply.code(204).send()
  })
}
