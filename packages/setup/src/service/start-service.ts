import { spawn, type ChildProcess } from 'node:child_process'
import { deadline, ensureDirectory, pollUntil } from '@drowse/common'
import type { SetupContext } from '../context.ts'
import { setupError } from '../setup-error.ts'
import type { StepOutcome, StepTools } from '../steps/step.ts'
import { workspace } from '../workspace.ts'
import { buildId } from './build-id.ts'
import { formatLogLine } from './log-line.ts'
import { serviceAddresses } from './service-address.ts'
import { findServiceBuild, recordServiceBuild } from './service-build.ts'
import { openServiceLog, tailServiceLog } from './service-log.ts'
import { findRunningService, type ServiceRecord } from './service-record.ts'
import { stopService } from './stop-service.ts'

/** Time, in ms, that a new service has to answer. */
const START_TIMEOUT_MS = 60_000
/** Most memory, in MiB, of V8's half-space for new objects; three of them are kept once used. The default of 16 costs up to 70 MB more. */
const SEMI_SPACE_MB = 4
/** Variables of the caller that a service may see besides its settings. */
const KEPT_VARIABLES = ['PATH', 'HOME', 'LANG', 'TZ', 'NODE_COMPILE_CACHE']

/** Makes sure that a service of this build runs in the background and answers; one of another build is replaced. Sandboxes live through that. */
export async function startService(context: SetupContext, tools: StepTools): Promise<StepOutcome> {
  const build = await buildId(context)
  const running = await findRunningService(context.folder)
  if (running !== undefined) {
    if ((await findServiceBuild(context.folder, running.pid)) === build && (await isHealthy(context, running))) {
      return { status: 'kept', detail: `pid ${running.pid}` }
    }
    tools.report('stopping the older one')
    await stopService(context.folder)
  }
  tools.report('starting')
  const child = await spawnService(context)
  const service = await waitForService(context, child, tools.signal)
  child.unref()
  await recordServiceBuild(context.folder, service.pid, build)
  return { status: 'done', detail: `pid ${service.pid}` }
}

/** Command line and environment of a service on this data folder. */
export function serviceCommand({ repository, config, env }: SetupContext): {
  file: string
  args: string[]
  env: Record<string, string>
} {
  const places = workspace(repository)
  const kept = Object.entries(env).filter(([name]) => KEPT_VARIABLES.includes(name) || name.startsWith('DROWSE_'))
  return {
    file: places.node,
    args: [
      '--conditions=source',
      '--disable-warning=ExperimentalWarning',
      `--max-semi-space-size=${SEMI_SPACE_MB}`,
      places.serverMain,
      '--data',
      config.dataDirectory,
    ],
    env: Object.fromEntries(kept.filter((entry): entry is [string, string] => entry[1] !== undefined)),
  }
}

async function spawnService(context: SetupContext): Promise<ChildProcess> {
  await ensureDirectory(context.folder.run)
  const { file, args, env } = serviceCommand(context)
  const log = await openServiceLog(context.folder)
  try {
    // Not through exec(): the service outlives this process, in a session of its own.
    return spawn(file, args, { cwd: '/', env, detached: true, stdio: ['ignore', log.fd, log.fd] })
  } finally {
    await log.close()
  }
}

async function waitForService(context: SetupContext, child: ChildProcess, signal: AbortSignal): Promise<ServiceRecord> {
  let isGone = false
  child.once('exit', () => (isGone = true))
  child.once('error', () => (isGone = true))
  try {
    return await pollUntil(
      async () => {
        if (isGone) throw new Error('it ended')
        const record = await findRunningService(context.folder)
        return record !== undefined && record.pid === child.pid && (await isHealthy(context, record))
          ? record
          : undefined
      },
      { intervalMs: 50, maxIntervalMs: 250, signal: deadline(START_TIMEOUT_MS, 'start the service', signal) },
    )
  } catch (error) {
    if (!isGone) child.kill('SIGTERM')
    signal.throwIfAborted()
    const { lines } = await tailServiceLog(context.folder, 15)
    throw setupError(`Cannot start the service: ${isGone ? 'it ended at once' : 'it gave no answer in 60 s'}`, {
      hint: 'Read "sudo ./drowse logs", run "sudo ./drowse doctor", then run this again.',
      detail: lines.map(formatLogLine).join('\n'),
      cause: error,
    })
  }
}

async function isHealthy({ config }: SetupContext, record: ServiceRecord): Promise<boolean> {
  try {
    const response = await fetch(`${serviceAddresses(config, record).http}/health`, {
      signal: AbortSignal.timeout(5_000),
    })
    return response.ok
  } catch {
    return false // not listening yet, or not answering
  }
}
