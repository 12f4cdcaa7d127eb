import { DrowseError } from '@drowse/protocol'
import type { FastifyInstance } from 'fastify'

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const

/** Answers 405 with `Allow` for known paths with a method that they do not have. Call before adding routes. */
export function answerOtherMethods(app: FastifyInstance): { finish: () => void } {
  const routes = new Map<string, Set<string>>()
  let isFinished = false
  app.addHook('onRoute', ({ url, method }) => {
    if (isFinished) return
    const known = routes.get(url) ?? new Set()
    for (const name of [method].flat()) known.add(name)
    routes.set(url, known)
  })
  return {
    finish() {
      isFinished = true
      for (const [url, known] of routes) {
        const allow = [...known].join(', ')
        app.route({
          url,
          method: METHODS.filter((method) => !known.has(method)),
          handler: async (request, reply) => {
            void reply.header('allow', allow)
            throw new DrowseError('method_not_allowed', `Cannot ${request.method} ${url}: use ${allow}`)
          },
        })
      }
    },
  }
}
