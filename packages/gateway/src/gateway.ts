import type { RequestListener } from 'node:http'
import { systemClock, type Logger } from '@drowse/common'
import type { SandboxId } from '@drowse/protocol'
import { ConnectionGate } from './door/connection-gate.ts'
import { doorServer, type DoorServer, type TlsMaterial } from './door/door-server.ts'
import { listenOn } from './door/listen-on.ts'
import type { LimitSettings } from './limit/sandbox-limits.ts'
import type { RouteSource, StopCause } from './route-source.ts'
import { Traffic, type ApiUpgrades } from './traffic.ts'

/** How often, in ms, connections that fell idle are closed while the gateway drains. */
const DRAIN_STEP_MS = 50

/** Settings of {@link createGateway}. */
export interface GatewayOptions {
  routes: RouteSource
  /** Takes every request that is not for a sandbox. */
  api: RequestListener
  /** Takes those requests that are not for a sandbox and ask for another protocol; without it none may. */
  apiUpgrades?: ApiUpgrades
  /** Name of the https door; sandboxes are `<port>-<id>.<domain>`, the API is `api.<domain>`. */
  domain: string
  /** Addresses that both doors listen on. */
  bindAddresses: readonly string[]
  /** 0 takes a free port, the same on every address. */
  httpPort: number
  httpsPort: number
  tls: TlsMaterial
  limits: LimitSettings
  /** What clients may have open at both doors together: connections, and requests of HTTP/2. Default: no bound. */
  maxOpen?: number
  /** How many proxies of the operator's own stand before the gateway: what they say of the client is believed. */
  trustedHops: number
  logger: Logger
  /** Longest time, in ms, from a request's first byte, or a connection's begin, to the end of its headers. Default 30,000. */
  headersLimitMs?: number
  /** Time, in ms, that a connection without requests is kept. Default 620,000. */
  idleLimitMs?: number
  /** Time, in ms, that requests in flight have to end when the gateway closes. Default 5,000. */
  drainMs?: number
}

/** What a gateway keeps, by number. Nothing grows with what has been: all but `kept` is 0 when nothing is open. */
export interface Held {
  /** Connections of clients, and requests inside those of HTTP/2. */
  open: number
  /** Requests, streams and upgraded sockets on their way to a sandbox. */
  exchanges: number
  /** Connections that speak another protocol than HTTP. */
  upgraded: number
  /** Requests that count for the bounds of their sandbox. */
  counted: number
  /** Connections of HTTP/2, and those that are being refused. */
  special: number
  /** Sandboxes for which connections are kept for reuse; forgotten half a minute after the last. */
  kept: number
}

/** The two front doors, and all traffic to sandboxes. */
export interface Gateway extends AsyncDisposable {
  /**
   * Opens both doors. Throws "setup_failed" with what to do, and opens neither, when a port is taken or an address is missing.
   */
  listen(): Promise<{ httpPort: number; httpsPort: number }>
  /**
   * Ends a sandbox's requests, streams and upgraded sockets in flight. Call it once a sandbox was paused or killed: nothing else tells the other end
   * that a connection lost its sandbox. After a pause, calls of the Connect protocol end with an error that says so; everything else is cut.
   */
  dropConnections(id: SandboxId, cause: StopCause): void
  /** Serves another certificate at the https door, from the next connection on; open ones stay. Throws when it is not valid. */
  replaceCertificate(tls: TlsMaterial): void
  /** What it keeps now. */
  held(): Held
  /** Closes the doors, waits for requests in flight up to `drainMs`, then cuts the rest. Calling it again waits for the same end. */
  close(): Promise<void>
}

/** Makes the gateway of one installation; it does nothing until {@link Gateway.listen}. */
export function createGateway(options: GatewayOptions): Gateway {
  const traffic = new Traffic(options)
  const gate = new ConnectionGate(options.maxOpen ?? Infinity)
  const servers: DoorServer[] = []
  let closing: Promise<void> | undefined

  const open = async (port: number, portSetting: string, tls?: TlsMaterial): Promise<number> => {
    const { bindAddresses: addresses, logger, headersLimitMs = 30_000, idleLimitMs } = options
    const makeServer = (): DoorServer => doorServer(traffic, { headersLimitMs, idleLimitMs, tls, gate, logger })
    const listening = await listenOn({ addresses, port, portSetting, makeServer, logger })
    servers.push(...listening.servers)
    return listening.port
  }

  const close = async (): Promise<void> => {
    closing ??= drain(servers, traffic, options.drainMs ?? 5_000)
    return closing
  }

  return {
    async listen() {
      try {
        const httpPort = await open(options.httpPort, 'DROWSE_HTTP_PORT')
        const httpsPort = await open(options.httpsPort, 'DROWSE_HTTPS_PORT', options.tls)
        return { httpPort, httpsPort }
      } catch (error) {
        await close()
        throw error
      }
    },
    replaceCertificate(tls) {
      for (const server of servers) server.replaceCertificate(tls)
    },
    held: () => ({
      open: gate.open,
      special: servers.reduce((sum, server) => sum + server.special, 0),
      ...traffic.held(),
    }),
    dropConnections: (id, cause) => traffic.dropConnections(id, cause),
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function drain(servers: readonly DoorServer[], traffic: Traffic, drainMs: number): Promise<void> {
  const closed = Promise.all(servers.map(async (server) => server.close()))
  traffic.closeUpgraded()
  const step = setInterval(() => {
    for (const server of servers) server.closeIdle()
  }, DRAIN_STEP_MS)
  const cut = systemClock.setTimer(drainMs, () => {
    traffic.close()
    for (const server of servers) server.cut()
  })
  await closed
  clearInterval(step)
  cut.cancel()
  traffic.close()
}
