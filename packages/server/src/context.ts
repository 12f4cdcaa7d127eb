import { dirname } from 'node:path'
import { ensureDirectory, systemClock, type Config, type Logger } from '@drowse/common'
import type { EgressPolicy, Engine } from '@drowse/engine'
import {
  createGateway,
  ensureCertificates,
  keepLeafFresh,
  openBound,
  openFileLimit,
  readCertificate,
  watchCertificate,
  type CertificateFiles,
  type Gateway,
  type TlsMaterial,
} from '@drowse/gateway'
import { createNode, dataFolder, readAssets, type DataFolder, type SandboxNode } from '@drowse/node'
import { DrowseError } from '@drowse/protocol'
import { hostEngine, type HostEngine } from './host-engine.ts'
import { hostNameservers } from './host-nameservers.ts'
import { createApp } from './http/app.ts'
import { PortStreams } from './http/port-streams.ts'
import { SandboxMetrics } from './metrics/sandbox-metrics.ts'
import { SandboxService } from './sandboxes/service.ts'
import type { ServicePorts } from './service-record.ts'
import { createSshAccess } from './ssh/ssh-access.ts'
import { SshFront } from './ssh/ssh-front.ts'
import { stopAtStep } from './stop-at.ts'
import { openSqliteStore } from './store/database.ts'
import { ensureAdminKey } from './teams/admin-key.ts'

/** What a service is built from besides its settings. */
export interface ServiceOptions {
  logger: Logger
  /** Runs the sandboxes. Default gVisor, with its firewall, which needs root. */
  engine?: Engine
  /** Stops the service when it aborts. */
  signal?: AbortSignal
}

/** Every part of a service, built once; nothing listens or runs yet. */
export interface ServiceContext {
  folder: DataFolder
  node: SandboxNode
  sandboxes: SandboxService
  metrics: SandboxMetrics
  gateway: Gateway
  ssh: SshFront
  /** To be set once the doors are open; clients are told the https one. */
  ports: ServicePorts
}

/** Builds the service's parts. Whatever they hold is given back, in reverse order, when `stack` is disposed of. */
export async function buildContext(
  config: Config,
  options: ServiceOptions,
  stack: AsyncDisposableStack,
): Promise<ServiceContext> {
  const { logger } = options
  const clock = systemClock
  const stop = stopAtStep(config.stopAt)
  const onStep = stop === undefined ? {} : { onStep: stop }
  const folder = dataFolder(config.dataDirectory)
  for (const path of [dirname(folder.database), folder.secrets, folder.run]) await ensureDirectory(path)
  const store = stack.use(await openSqliteStore(folder.database))
  await ensureAdminKey(store, folder.secrets, clock)

  const assets = await readAssets(folder)
  const nameservers = config.nameservers.length > 0 ? config.nameservers : await hostNameservers()
  let policyOf: (address: string) => EgressPolicy | undefined = () => undefined
  const host = { config, folder, runsc: assets.engine, nameservers, logger }
  const { engine, ...wayOut }: Pick<HostEngine, 'engine'> & Partial<HostEngine> =
    options.engine === undefined
      ? await hostEngine({ ...host, policyOf: (address) => policyOf(address) }, stack)
      : { engine: options.engine }
  const { resolveProxy, ...trust } = wayOut
  const node = stack.use(
    createNode({ folder, engine, assets, nameservers, ...trust, clock, logger, settings: config, ...onStep }),
  )
  policyOf = (address) => node.egressAt(address)
  const { maxTimeoutHours, sandboxConnections: maxAttachments } = config
  const sandboxes = stack.use(
    new SandboxService({ store, node, clock, logger, maxTimeoutHours, maxAttachments, resolveProxy, ...onStep }),
  )

  const metrics = stack.use(new SandboxMetrics({ node, clock, logger }))
  sandboxes.onChange(({ id, state }) => {
    if (state === 'killing') metrics.forget(id)
  })

  const ports: ServicePorts = { httpPort: config.httpPort, httpsPort: config.httpsPort }
  const ssh = stack.use(
    new SshFront({
      access: createSshAccess(sandboxes, store.sshKeys),
      port: config.sshPort,
      bindAddresses: config.bindAddresses,
      secretsDirectory: folder.secrets,
      logger,
    }),
  )
  const app = await createApp({
    sshKeys: store.sshKeys,
    ssh,
    clock,
    sandboxes,
    metrics,
    templates: node,
    teams: store.teams,
    logger,
    publicDomain: () => (ports.httpsPort === 443 ? config.domain : `${config.domain}:${ports.httpsPort}`),
  })
  stack.defer(async () => await app.close())
  const { domain } = config
  const certificates = { tlsDirectory: folder.tls, secretsDirectory: folder.secrets, domain, clock }
  const local = await ensureCertificates(certificates)
  const ownFiles = ownCertificateFiles(config)
  const tls = ownFiles === undefined ? local : await readCertificate(ownFiles)
  const maxOpen = openBound(config.clientConnections, await openFileLimit())
  if (maxOpen < config.clientConnections) {
    logger.warn(
      { maxOpen },
      'the limit of open files allows fewer connections than "clientConnections"; raise it with ulimit -n',
    )
  }
  const gateway = stack.use(
    createGateway({
      routes: sandboxes.routes,
      api: (request, response) => app.routing(request, response),
      apiUpgrades: new PortStreams({ sandboxes, teams: store.teams, logger }),
      domain,
      bindAddresses: config.bindAddresses,
      httpPort: config.httpPort,
      httpsPort: config.httpsPort,
      tls,
      maxOpen,
      trustedHops: config.trustedHops,
      limits: { maxConnections: config.sandboxConnections, requestsPerSecond: config.sandboxRequestsPerSecond },
      logger,
    }),
  )
  if (ownFiles === undefined) stack.use(keepLeafFresh(certificates, logger))
  // Also the local one: it is renewed, and "drowse ca rotate" replaces it.
  const onChange = (changed: TlsMaterial): void => gateway.replaceCertificate(changed)
  stack.use(watchCertificate({ files: ownFiles ?? local.files, current: tls, onChange, logger, clock }))
  sandboxes.onStopped((id, cause) => {
    gateway.dropConnections(id, cause)
    if (cause === 'killed') ssh.sandboxGone(id)
  })
  return { folder, node, sandboxes, metrics, gateway, ssh, ports }
}

function ownCertificateFiles({ tlsCertFile, tlsKeyFile }: Config): CertificateFiles | undefined {
  if (tlsCertFile === undefined && tlsKeyFile === undefined) return undefined
  if (tlsCertFile !== undefined && tlsKeyFile !== undefined) return { certPath: tlsCertFile, keyPath: tlsKeyFile }
  throw new DrowseError('invalid_argument', 'Cannot serve https: settings "tlsCertFile" and "tlsKeyFile" go together')
}
