import { DrowseError } from '@drowse/protocol'
import { buildStatusParams, buildStatusQuery, buildStatusResponse, presentBuild } from '../schemas/build-status.ts'
import type { Api } from './api.ts'
import type { SandboxRouteDependencies } from './sandbox-route-dependencies.ts'

/** `GET /templates/{id}/builds/{build}/status`: how far the last build of a template is, and its log from `logsOffset` on. */
export function templateBuildStatus(api: Api, { templates }: SandboxRouteDependencies): void {
  api.get(
    '/templates/:templateID/builds/:buildID/status',
    { schema: { params: buildStatusParams, querystring: buildStatusQuery, response: { 200: buildStatusResponse } } },
    async ({ params: { templateID, buildID }, query }) => {
      const build = await templates.lastBuild(templateID)
      if (build === undefined || build.buildId !== buildID) {
        const message = `Cannot find build "${buildID}" of template "${templateID}": only the last one of each is kept`
        throw new DrowseError('not_found', message)
      }
      return presentBuild(build, query.logsOffset)
    },
  )
}
