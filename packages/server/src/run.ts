import { dataFolder } from '@drowse/node'
import { ensureDirectory, type Config } from '@drowse/common'
import { buildContext, type ServiceOptions } from './context.ts'
import { refuseSecondService, removeServiceRecord, writeServiceRecord, type ServicePorts } from './service-record.ts'

/** Mode of the data folder: others pass through to `tls/`, and see nothing. */
const DATA_FOLDER_MODE = 0o711

/** A service that listens. Disposing of it stops it; sandboxes stay as they are. */
export interface RunningService extends ServicePorts, AsyncDisposable {
  /** Resolves when it has stopped, for whatever reason. */
  closed: Promise<void>
  /** Makes the warm images of templates that have none, behind. */
  warm(): void
}

/**
 * Starts a service: puts right what an earlier one left, opens the doors, then notes itself in `run/service.json`.
 * It stops when `signal` aborts or it is disposed of: no new requests, what is on its way is finished, sandboxes go on.
 * On failure nothing is left open.
 */
export async function runService(config: Config, options: ServiceOptions): Promise<RunningService> {
  const { logger, signal } = options
  const folder = dataFolder(config.dataDirectory)
  await ensureDirectory(folder.root, DATA_FOLDER_MODE)
  await refuseSecondService(folder)
  await using starting = new AsyncDisposableStack()
  // Put first, so undone last: while anything of this service is left, no other one starts.
  starting.defer(async () => await removeServiceRecord(folder))
  const { node, sandboxes, metrics, gateway, ssh, ports } = await buildContext(config, options, starting)
  await node.start()
  await sandboxes.start()
  metrics.start()
  signal?.throwIfAborted()
  Object.assign(ports, await gateway.listen())
  const sshPort = await ssh.listen()
  if (sshPort !== undefined) ports.sshPort = sshPort
  await writeServiceRecord(folder, ports)
  const warm = (): void => {
    node.warm().catch((error: unknown) => {
      logger.error({ err: error }, 'could not make the warm image of a template; its sandboxes boot from files')
    })
  }
  warm()
  logger.info({ ...ports, dataDirectory: config.dataDirectory }, 'serving')
  return running(starting.move(), { ...ports, warm }, options)
}

function running(
  stack: AsyncDisposableStack,
  parts: ServicePorts & Pick<RunningService, 'warm'>,
  { logger, signal }: ServiceOptions,
): RunningService {
  const closed = Promise.withResolvers<void>()
  closed.promise.catch(() => {}) // whoever stops it hears of a failure from the stop itself
  const stop = async (): Promise<void> => {
    if (stack.disposed) return await closed.promise
    logger.info({}, 'stopping')
    try {
      await stack.disposeAsync()
      closed.resolve()
    } catch (error) {
      closed.reject(error)
    }
    await closed.promise
  }
  const onAbort = (): void => void stop().catch(() => {}) // heard through closed
  if (signal?.aborted === true) onAbort()
  else signal?.addEventListener('abort', onAbort, { once: true })
  return { ...parts, closed: closed.promise, [Symbol.asyncDispose]: stop }
}
