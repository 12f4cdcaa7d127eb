import { parseArgs } from 'node:util'
import { createLogger, loadConfig } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'
import { runService } from './run.ts'

/** Status of a service that could not start. */
const EXIT_FAILED = 1

process.exit(await main())

/** Runs the service of one data folder (`--data`) until SIGTERM or SIGINT. */
async function main(): Promise<number> {
  let logger = createLogger({ name: 'drowse' })
  try {
    const { values } = parseArgs({ options: { data: { type: 'string' } } })
    const flags = values.data === undefined ? {} : { dataDirectory: values.data }
    const config = loadConfig({ env: process.env, flags })
    logger = createLogger({ name: 'drowse', level: config.logLevel })
    const service = await runService(config, { logger, signal: stopSignal() })
    // From a build of a template, which has a process of its own.
    process.on('SIGURG', () => service.warm())
    await service.closed
    return 0
  } catch (error) {
    const { code, message } = DrowseError.from(error)
    logger.error({ code, err: error }, message)
    return EXIT_FAILED
  }
}

function stopSignal(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => controller.abort(new DrowseError('unavailable', `Cannot go on: stopped by ${name}`)))
  }
  return controller.signal
}
