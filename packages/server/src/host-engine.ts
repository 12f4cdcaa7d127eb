import type { Config, Logger } from '@drowse/common'
import { createGvisorEngine, installFirewall, startNameProxy, type EgressPolicy, type Engine } from '@drowse/engine'
import { instanceName, type DataFolder } from '@drowse/node'

/** What the engine of this host is built from. */
export interface HostEngineOptions {
  config: Config
  folder: DataFolder
  runsc: { path: string; sha256: string }
  nameservers: readonly string[]
  logger: Logger
  /** The egress policy of the sandbox with an address, once there is a node that knows. */
  policyOf: (address: string) => EgressPolicy | undefined
}

/**
 * Builds the gVisor engine with its firewall and the proxy that opens destinations by name, which needs root. The proxy ends with `stack`; until the
 * next start, names that it opened are closed, and its ports are anybody's.
 */
export async function hostEngine(options: HostEngineOptions, stack: AsyncDisposableStack): Promise<Engine> {
  const { config, folder, runsc, nameservers, logger, policyOf } = options
  const { sandboxSubnet } = config
  const instance = instanceName(folder.root)
  const { ports: nameProxy } = stack.use(await startNameProxy({ policyOf, nameservers, logger }))
  const firewall = { instance, sandboxSubnet, nameservers }
  await installFirewall({ ...firewall, nameProxy })
  stack.defer(() => installFirewall(firewall))
  return createGvisorEngine({ runsc, stateDirectory: folder.runsc, instance, sandboxSubnet, nameProxy, logger })
}
