import type { Clock } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { SshFront } from '../../ssh/ssh-front.ts'
import { addSshKey } from '../../ssh/add-ssh-key.ts'
import type { SshKeyRepo } from '../../store/repos/ssh-key-repo.ts'
import { addSshKeyBody, presentSshKey, sshKeyParams, sshKeyResponse, sshResponse } from '../schemas/ssh-keys.ts'

/** What routes about SSH use. */
export interface SshRouteDependencies {
  sshKeys: SshKeyRepo
  ssh: Pick<SshFront, 'facts' | 'keyRemoved'>
  clock: Clock
}

/** Adds `GET`, `POST` and `DELETE /ssh-keys`, the team's public keys, and `GET /ssh`, where and as whom the door answers. */
export function sshRoutes(app: FastifyInstance, { sshKeys, ssh, clock }: SshRouteDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>()
  const added = { body: addSshKeyBody, response: { 201: sshKeyResponse } }
  api.post('/ssh-keys', { schema: added }, async (request, reply) => {
    const { publicKey, name } = request.body
    const key = await addSshKey(sshKeys, clock, { teamId: request.teamId, publicKey, name })
    return await reply.code(201).send(presentSshKey(key))
  })
  api.get('/ssh-keys', { schema: { response: { 200: z.array(sshKeyResponse) } } }, async (request, reply) => {
    return await reply.send((await sshKeys.list(request.teamId)).map(presentSshKey))
  })
  api.delete('/ssh-keys/:sshKeyID', { schema: { params: sshKeyParams } }, async (request, reply) => {
    const { sshKeyID } = request.params
    if (!(await sshKeys.remove(request.teamId, sshKeyID))) {
      throw new DrowseError('not_found', `There is no SSH key "${sshKeyID}" of this team`)
    }
    ssh.keyRemoved(sshKeyID)
    return await reply.code(204).send()
  })
  api.get('/ssh', { schema: { response: { 200: sshResponse } } }, async (_request, reply) => {
    if (ssh.facts === undefined) {
      throw new DrowseError(
        'unimplemented',
        'SSH is off here: set "sshPort" (DROWSE_SSH_PORT) and start the service again',
      )
    }
    return await reply.send(ssh.facts)
  })
}
