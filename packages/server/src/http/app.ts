import cors from '@fastify/cors'
import type { Logger } from '@drowse/common'
import { fastify, type FastifyInstance } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { randomUUID } from 'node:crypto'
import type { TeamRepo } from '../store/repos/team-repo.ts'
import { requireApiKey } from './auth.ts'
import { createErrorHandler } from './error-handler.ts'
import { MAX_BODY_BYTES, readJsonBodies } from './json-body.ts'
import { answerOtherMethods } from './method-not-allowed.ts'
import { plannedRoutes } from './routes/planned-routes.ts'
import type { SandboxRouteDependencies } from './routes/sandbox-route-dependencies.ts'
import { sandboxRoutes } from './routes/sandbox-routes.ts'
import { sshRoutes, type SshRouteDependencies } from './routes/ssh-keys.ts'

/** What the REST API is built from. */
export interface AppOptions extends SandboxRouteDependencies, SshRouteDependencies {
  teams: TeamRepo
  logger: Logger
}

/** Response headers that browsers may read. */
const EXPOSED_HEADERS = [
  'X-Next-Token',
  'X-Total-Running',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Retry-After',
  'Should-Retry',
]

/** Builds the REST API. It listens nowhere: `app.routing` is its request handler. */
export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    genReqId: () => randomUUID(),
    return503OnClosing: true,
    routerOptions: { maxParamLength: 500 },
    frameworkErrors: createErrorHandler(options.logger),
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(createErrorHandler(options.logger))
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?')[0] ?? ''
    void reply.code(404).send({ code: 404, message: `Cannot find ${request.method} ${path}: there is no such route` })
  })
  readJsonBodies(app)
  await app.register(cors, {
    origin: '*',
    methods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: EXPOSED_HEADERS,
  })
  app.get('/health', async () => ({ status: 'ok' }))
  await app.register(async (api) => {
    requireApiKey(api, options.teams)
    const otherMethods = answerOtherMethods(api)
    sandboxRoutes(api, options)
    sshRoutes(api, options)
    plannedRoutes(api)
    otherMethods.finish()
  })
  await app.ready()
  return app
}
