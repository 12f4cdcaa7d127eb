import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config, Logger } from '@drowse/common'
import {
  createGvisorEngine,
  createLookup,
  createResolveProxy,
  installFirewall,
  openEgressAuthority,
  startNameProxy,
  type EgressPolicy,
  type Engine,
  type ResolveProxy,
} from '@drowse/engine'
import { instanceName, type DataFolder } from '@drowse/node'
import { DrowseError } from '@drowse/protocol'

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

/** The engine of this host, and what others have to know of the way out. */
export interface HostEngine {
  engine: Engine
  /** Certificate (PEM) of the authority that speaks TLS for names with headers. */
  egressAuthority: string
  /** Looks up proxies that sandboxes may use. */
  resolveProxy: ResolveProxy
}

/**
 * Builds the gVisor engine with its firewall and the proxy that opens destinations by name, which needs root. The proxy ends with `stack`; until the
 * next start, what would pass it is closed, and its ports are anybody's.
 */
export async function hostEngine(options: HostEngineOptions, stack: AsyncDisposableStack): Promise<HostEngine> {
  const { config, folder, runsc, nameservers, logger, policyOf } = options
  const { sandboxSubnet, egressCaFile, egressProxies: proxyPlaces } = config
  const instance = instanceName(folder.root)
  const authority = await openEgressAuthority(join(folder.secrets, 'egress-authority.pem'))
  const upstreamCa = egressCaFile === undefined ? undefined : await readAuthorities(egressCaFile)
  const nameProxy = stack.use(
    await startNameProxy({ policyOf, nameservers, proxyPlaces, authority, upstreamCa, logger }),
  )
  const limits = { connections: config.sandboxConnectionsOut, bandwidthMbit: config.sandboxBandwidthMbit }
  const firewall = { instance, sandboxSubnet, nameservers, limits }
  await installFirewall({ ...firewall, nameProxy: nameProxy.ports })
  stack.defer(() => installFirewall(firewall))
  const engine = createGvisorEngine({ runsc, stateDirectory: folder.runsc, instance, sandboxSubnet, nameProxy, logger })
  return {
    engine,
    egressAuthority: authority.cert,
    resolveProxy: createResolveProxy(createLookup(nameservers), proxyPlaces),
  }
}

async function readAuthorities(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new DrowseError('setup_failed', `Cannot read setting "egressCaFile" ("${path}"): name a readable file`, {
      cause,
    })
  }
}
