import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { prometheus } from './prometheus.ts'
import { sandboxConnect } from './sandbox-connect.ts'
import { sandboxCreate } from './sandbox-create.ts'
import { sandboxEvents } from './sandbox-events.ts'
import { sandboxGet } from './sandbox-get.ts'
import { sandboxKill } from './sandbox-kill.ts'
import { sandboxList } from './sandbox-list.ts'
import { sandboxLogs } from './sandbox-logs.ts'
import { sandboxMetrics } from './sandbox-metrics.ts'
import { sandboxNetwork } from './sandbox-network.ts'
import { sandboxPause } from './sandbox-pause.ts'
import { sandboxRefresh } from './sandbox-refresh.ts'
import { sandboxResume } from './sandbox-resume.ts'
import type { SandboxRouteDependencies } from './sandbox-route-dependencies.ts'
import { sandboxTcp } from './sandbox-tcp.ts'
import { sandboxTimeout } from './sandbox-timeout.ts'
import { templates } from './templates.ts'
import { templateBuildStatus } from './template-build-status.ts'

/** Adds every route about sandboxes. */
export function sandboxRoutes(app: FastifyInstance, dependencies: SandboxRouteDependencies): void {
  const api = app.withTypeProvider<ZodTypeProvider>()
  sandboxCreate(api, dependencies)
  sandboxList(api, dependencies)
  sandboxLogs(api, dependencies)
  sandboxEvents(api, dependencies)
  sandboxMetrics(api, dependencies)
  sandboxGet(api, dependencies)
  sandboxKill(api, dependencies)
  sandboxConnect(api, dependencies)
  sandboxResume(api, dependencies)
  sandboxPause(api, dependencies)
  sandboxTimeout(api, dependencies)
  sandboxRefresh(api, dependencies)
  sandboxNetwork(api, dependencies)
  sandboxTcp(api)
  templates(api, dependencies)
  templateBuildStatus(api, dependencies)
  prometheus(api, dependencies)
}
