import { totalmem } from 'node:os'
import { parseArgs } from 'node:util'
import { ENVD_PORT } from '@drowse/protocol'
import { startDaemon } from './daemon.ts'
import { createStderrLog } from './log.ts'
import { userProcessLimit } from './process/native/process-limit.ts'

/** The program: serves until it is told to stop. `--port` and `--host` are for tests. */
export async function run(): Promise<void> {
  try {
    await serve()
  } catch (error) {
    createStderrLog()('Cannot start the daemon', error)
    process.exit(1)
  }
}

async function serve(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: String(ENVD_PORT) },
      host: { type: 'string', default: '0.0.0.0' },
      root: { type: 'string', default: '/' },
    },
  })
  const log = createStderrLog()
  // One request's fault must not take the sandbox's other processes out of reach.
  process.on('uncaughtException', (error) => log('Uncaught exception', error))
  process.on('unhandledRejection', (error) => log('Unhandled rejection', error))
  // What users' processes and files inherit.
  process.umask(0o022)
  const daemon = await startDaemon({
    host: values.host,
    port: Number(values.port),
    root: values.root,
    path: process.env['PATH'] ?? '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    processLimit: () => userProcessLimit(totalmem()),
    log,
  })
  const stop = async (): Promise<void> => {
    await daemon[Symbol.asyncDispose]()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop())
}
