import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import type { DaemonContext } from './context.ts'
import { registerFilesystemService } from './filesystem/filesystem-service.ts'
import { WatcherTable } from './filesystem/watch/watcher-table.ts'
import { authorize } from './http/auth.ts'
import { applyCors } from './http/cors.ts'
import { sendError } from './http/http-error.ts'
import { CpuMeter } from './http/metrics.ts'
import { handleRoute } from './http/routes.ts'
import { isTunnel, Tunnels } from './http/tunnels.ts'
import { GuestSettings } from './identity/guest-settings.ts'
import type { Log } from './log.ts'
import { FileCalls } from './filesystem/native/file-calls.ts'
import { Launcher } from './process/launcher.ts'
import { ProcessTable } from './process/process-table.ts'
import { registerProcessService } from './process/process-service.ts'
import { Startup } from './startup/startup.ts'
import { UserDatabase } from './users/user-database.ts'

/** Largest RPC message, in bytes. */
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024
/** Longer than any proxy in front keeps a connection idle (wire.md §2.4), so that a request never meets a closing one. */
const KEEP_ALIVE_MS = 650_000

/** How often, in ms, connections are looked over for late headers; a timer that ticks more often would keep an idle sandbox from using no CPU. */
const CHECK_CONNECTIONS_MS = 600_000

/** How to run a daemon. */
export interface DaemonOptions {
  host: string
  /** 0 takes a free port. */
  port: number
  /** Folder that holds the guest's `etc/`. */
  root: string
  /** PATH of processes whose environment names none. */
  path: string
  /** How many processes a user may have; unlimited when absent. */
  processLimit?: () => number
  log: Log
}

/** A daemon that listens. Disposing it kills what it has started and closes every connection. */
export interface RunningDaemon extends AsyncDisposable {
  port: number
}

/** Starts the daemon and resolves once it listens. */
export async function startDaemon(options: DaemonOptions): Promise<RunningDaemon> {
  const { root, log } = options
  const users = new UserDatabase(root)
  const calls = new FileCalls()
  const launcher = new Launcher(users, options.processLimit)
  const parts = { settings: new GuestSettings(options.path), users, processes: new ProcessTable(launcher), log }
  const daemon: DaemonContext = {
    ...parts,
    startup: new Startup(parts),
    calls,
    watchers: new WatcherTable({ users, calls }),
    cpu: new CpuMeter('/'),
    tunnels: new Tunnels(),
    root,
  }
  // Uploads and streams last as long as they last: no limit on a whole request.
  const settings = {
    requestTimeout: 0,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: CHECK_CONNECTIONS_MS,
    shouldUpgradeCallback: isTunnel,
  }
  const server = createServer(settings, requestHandler(daemon))
  server.on('upgrade', (request, socket) => {
    void daemon.tunnels.open(request, socket, () => authorize(request, daemon.settings.accessToken))
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: options.host, port: options.port }, resolve)
  })
  return {
    // A server that listens on TCP has an address of this type.
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      daemon.startup[Symbol.dispose]()
      await daemon.processes.killAll()
      daemon.watchers[Symbol.dispose]()
      daemon.tunnels.drop()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
      launcher[Symbol.dispose]()
    },
  }
}

function requestHandler(daemon: DaemonContext): (request: IncomingMessage, response: ServerResponse) => void {
  const rpc = connectNodeAdapter({
    routes: (router) => {
      registerProcessService(router, daemon)
      registerFilesystemService(router, daemon)
    },
    fallback: (request, response) =>
      // The adapter's types allow HTTP/2; this server speaks HTTP/1.1 only.
      handleRoute(daemon, request as IncomingMessage, response as ServerResponse),
    // Clients that offer compression for streams do not read it back well, and the network here is virtual.
    acceptCompression: [],
    readMaxBytes: MAX_MESSAGE_BYTES,
    jsonOptions: { ignoreUnknownFields: true },
    grpc: false,
    grpcWeb: false,
  })
  return (request, response) => {
    try {
      if (applyCors(request, response)) return
      authorize(request, daemon.settings.accessToken)
      rpc(request, response)
    } catch (error) {
      sendError(response, error, daemon.log)
    }
  }
}
