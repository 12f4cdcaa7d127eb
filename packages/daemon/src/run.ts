import { totalmem } from 'node:os'
import { setDefaultHighWaterMark } from 'node:stream'
import { parseArgs } from 'node:util'
import { ENVD_PORT } from '@drowse/protocol'
import { startDaemon } from './daemon.ts'
import { createStderrLog } from './log.ts'
import { userProcessLimit } from './process/native/process-limit.ts'

/** Bytes that a stream takes before it holds its source back; Node's 64 KiB make large files stop and go at each piece. */
const BUFFER_BYTES = 512 * 1024

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
  setDefaultHighWaterMark(false, BUFFER_BYTES)
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
