import { DrowseError } from '@drowse/protocol'
import type { FastifyInstance } from 'fastify'

/** Most bytes of a request body; the largest real ones carry metadata and environment. */
export const MAX_BODY_BYTES = 1024 * 1024

/**
 * Reads every body as JSON whatever its content type says, and an empty one as none: clients send chunked bodies, empty
 * bodies with a content type, and bodies without one.
 */
export function readJsonBodies(app: FastifyInstance): void {
  app.addHook('onRequest', async (request) => {
    request.raw.headers['content-type'] = 'application/json'
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, String(body).trim() === '' ? undefined : JSON.parse(String(body)))
    } catch (error) {
      done(new DrowseError('invalid_argument', 'Cannot read the request body: it is not valid JSON', { cause: error }))
    }
  })
}
