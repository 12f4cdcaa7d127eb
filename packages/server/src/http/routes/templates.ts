import { DrowseError } from '@drowse/protocol'
import { z } from 'zod'
import { findTemplate } from '../../templates/resolve-template.ts'
import { aliasParams, aliasResponse, presentTemplate, templateResponse } from '../schemas/templates.ts'
import type { Api } from './api.ts'
import type { SandboxRouteDependencies } from './sandbox-route-dependencies.ts'

/** `GET /templates` and its `/v2` twin, what there is to make sandboxes from, and `GET /templates/aliases/:alias`, by which clients ask whether a name is one. */
export function templates(api: Api, { templates: source }: SandboxRouteDependencies): void {
  for (const url of ['/templates', '/v2/templates']) {
    api.get(url, { schema: { response: { 200: z.array(templateResponse) } } }, async (_request, reply) => {
      return await reply.send((await source.templates()).map(presentTemplate))
    })
  }
  const alias = { params: aliasParams, response: { 200: aliasResponse } }
  api.get('/templates/aliases/:alias', { schema: alias }, async (request, reply) => {
    const found = findTemplate(await source.templates(), request.params.alias)
    if (found === undefined) throw new DrowseError('not_found', `template '${request.params.alias}' not found`)
    return await reply.send({ templateID: found.id, public: true })
  })
}
