import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ENVD_PORT } from '@drowse/protocol'
import { startInterpreter } from './interpreter.ts'
import { createStderrLog } from './log.ts'

/** Port that the clients call. */
const INTERPRETER_PORT = 49_999
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const LOADER = 'ld-linux-x86-64.so.2'

/** The program: serves until it is told to stop. The options are for tests. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: String(INTERPRETER_PORT) },
      host: { type: 'string', default: '0.0.0.0' },
      home: { type: 'string', default: '/home/user' },
      daemon: { type: 'string', default: `http://127.0.0.1:${ENVD_PORT}` },
      identity: { type: 'string', default: '/etc/machine-id' },
    },
  })
  const log = createStderrLog()
  // One request's fault must not take the other contexts' variables with it.
  process.on('uncaughtException', (error) => log('Uncaught exception', error))
  process.on('unhandledRejection', (error) => log('Unhandled rejection', error))
  process.umask(0o022)
  const env = kernelEnvironment(process.env)
  const interpreter = await startInterpreter({
    host: values.host,
    port: Number(values.port),
    places: {
      kernels: import.meta.dirname,
      node: nodeCommand(join(import.meta.dirname, '..')),
      path: env['PATH'] ?? '',
    },
    home: values.home,
    env,
    daemonUrl: values.daemon,
    identityFile: values.identity,
    log,
  })
  const stop = async (): Promise<void> => {
    await interpreter[Symbol.asyncDispose]()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop())
}

function kernelEnvironment(own: NodeJS.ProcessEnv): Record<string, string> {
  const defined = Object.entries(own).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return { PATH: DEFAULT_PATH, HOME: '/root', LANG: 'C.UTF-8', ...Object.fromEntries(defined) }
}

/** How to run this Node again. In a guest it runs by a loader of its own beside it, which is what `process.execPath` names there. */
function nodeCommand(guest: string): string[] {
  const loader = join(guest, 'lib', LOADER)
  if (!existsSync(loader)) return [process.execPath]
  return [loader, '--library-path', join(guest, 'lib'), join(guest, 'node')]
}

try {
  await main()
} catch (error) {
  createStderrLog()('Cannot start the code interpreter', error)
  process.exit(1)
}
