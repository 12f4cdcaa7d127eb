import { DrowseError } from '@drowse/protocol'
import type { FastifyInstance } from 'fastify'

/** Calls of the clients that are not there yet. */
interface PlannedCalls {
  /** What they are for. */
  what: string
  /** What to do meanwhile. */
  instead: string
  routes: readonly (readonly [method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', url: string])[]
}

const BY_COMMAND = 'make one on the host by "drowse template add", from an image or an archive (docs/templates.md)'
const BY_PAUSE = 'pause() and connect() keep this sandbox with its memory'
const NONE = 'docs/compatibility.md tells what there is'

const PLANNED: readonly PlannedCalls[] = [
  {
    what: 'snapshots',
    instead: BY_PAUSE,
    routes: [
      ['POST', '/sandboxes/:sandboxID/snapshots'],
      ['GET', '/snapshots'],
      ['DELETE', '/templates/:templateID'],
    ],
  },
  {
    what: 'clones and forks',
    instead: BY_PAUSE,
    routes: [
      ['POST', '/sandboxes/:sandboxID/clone'],
      ['POST', '/sandboxes/:sandboxID/fork'],
      ['POST', '/sandboxes/:sandboxID/commit'],
    ],
  },
  { what: 'reset', instead: 'kill this sandbox and create one', routes: [['POST', '/sandboxes/:sandboxID/reset']] },
  {
    what: 'memory that grows',
    instead: 'set "memoryMb" (docs/settings.md) before the create',
    routes: [['POST', '/sandboxes/:sandboxID/hotplug-memory']],
  },
  {
    what: 'templates that clients build',
    instead: BY_COMMAND,
    routes: [
      ['POST', '/v3/templates'],
      ['POST', '/v2/templates/:templateID/builds/:buildID'],
      ['GET', '/templates/:templateID/files/:hash'],
      ['POST', '/templates/tags'],
      ['DELETE', '/templates/tags'],
      ['PATCH', '/v2/templates/:templateID'],
    ],
  },
  {
    what: 'volumes',
    instead: 'files of a sandbox stay for as long as it is paused or runs',
    routes: [
      ['GET', '/volumes'],
      ['POST', '/volumes'],
      ['GET', '/volumes/:volumeID'],
      ['PATCH', '/volumes/:volumeID'],
      ['DELETE', '/volumes/:volumeID'],
      ['POST', '/sandboxes/:sandboxID/volume-mounts'],
      ['DELETE', '/sandboxes/:sandboxID/volume-mounts'],
    ],
  },
  {
    what: 'stored secrets',
    instead: 'give them as "envs", or as headers that "network.rules" set outside the sandbox',
    routes: [
      ['GET', '/secrets'],
      ['POST', '/secrets'],
      ['GET', '/secrets/:secret'],
      ['POST', '/secrets/:secret'],
      ['PUT', '/secrets/:secret'],
      ['DELETE', '/secrets/:secret'],
    ],
  },
  {
    what: 'webhooks',
    instead: 'GET /events/sandboxes has the same events',
    routes: [
      ['GET', '/events/webhooks'],
      ['POST', '/events/webhooks'],
      ['GET', '/events/webhooks/:webhookID'],
      ['PATCH', '/events/webhooks/:webhookID'],
      ['DELETE', '/events/webhooks/:webhookID'],
    ],
  },
  { what: 'quotas', instead: NONE, routes: [['GET', '/sandboxes/quota']] },
  { what: 'list of teams', instead: NONE, routes: [['GET', '/teams']] },
]

/**
 * Adds the clients' calls that are not there yet, each answered 501 with what to do instead. Without them some clients would take the 404
 * of an unknown route for one about the sandbox, and say that it does not exist.
 */
export function plannedRoutes(app: FastifyInstance): void {
  for (const { what, instead, routes } of PLANNED) {
    for (const [method, url] of routes) {
      app.route({
        url,
        method,
        handler: async () => {
          throw new DrowseError('unimplemented', `Drowse has no ${what} yet: ${instead}`)
        },
      })
    }
  }
}
