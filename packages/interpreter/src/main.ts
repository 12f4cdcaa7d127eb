import { parseArgs } from 'node:util'
import { createStderrLog } from './log.ts'
import { startInterpreter } from './interpreter.ts'

/** Port that the clients call. */
const INTERPRETER_PORT = 49_999

/** The program: serves until it is told to stop. `--port` and `--host` are for tests. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: String(INTERPRETER_PORT) },
      host: { type: 'string', default: '0.0.0.0' },
    },
  })
  const log = createStderrLog()
  // One request's fault must not take the other contexts' variables with it.
  process.on('uncaughtException', (error) => log('Uncaught exception', error))
  process.on('unhandledRejection', (error) => log('Unhandled rejection', error))
  const interpreter = await startInterpreter({ host: values.host, port: Number(values.port), log })
  const stop = async (): Promise<void> => {
    await interpreter[Symbol.asyncDispose]()
    process.exit(0)
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop())
}

try {
  await main()
} catch (error) {
  createStderrLog()('Cannot start the code interpreter', error)
  process.exit(1)
}
