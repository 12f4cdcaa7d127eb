import { request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import { ENVD_PORT, TUNNEL_PATH, TUNNEL_PROTOCOL } from '@drowse/protocol'
import type { SandboxTarget } from '../classify/classify-request.ts'
import type { RouteAccess, RouteSource } from '../route-source.ts'

/** Longest time, in ms, that the daemon may take to say whether the port is open. */
const ANSWER_LIMIT_MS = 5_000

/**
 * Connects to a port that refused the sandbox's own address, by way of its daemon: servers that listen on the guest's 127.0.0.1 or ::1
 * only are reached like that. `undefined` when nothing listens there either. Never throws.
 */
export async function connectLoopback(
  routes: RouteSource,
  target: SandboxTarget,
  access: RouteAccess,
): Promise<Socket | undefined> {
  if (target.port === ENVD_PORT) return undefined
  try {
    const { host, port } = await routes.endpoint(target.id, ENVD_PORT)
    return await askDaemon({ host, port }, target.port, access.accessToken)
  } catch {
    return undefined // the sandbox is gone, which the caller finds out
  }
}

/**
 * Connects to a port of the guest's loopback by way of its daemon; one end may be closed before the other. `undefined` when nothing
 * listens there, or the daemon does not answer. Never throws.
 */
export async function connectGuestPort(
  daemon: { host: string; port: number },
  port: number,
  accessToken: string | undefined,
): Promise<Socket | undefined> {
  return await askDaemon(daemon, port, accessToken, { allowHalfOpen: true })
}

async function askDaemon(
  daemon: { host: string; port: number },
  port: number,
  accessToken: string | undefined,
  { allowHalfOpen } = { allowHalfOpen: false },
): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const call = httpRequest({
      ...daemon,
      path: `${TUNNEL_PATH}?port=${port}`,
      createConnection: () => connect({ ...daemon, allowHalfOpen }),
      timeout: ANSWER_LIMIT_MS,
      headers: {
        Connection: 'Upgrade',
        Upgrade: TUNNEL_PROTOCOL,
        ...(accessToken === undefined ? {} : { 'X-Access-Token': accessToken }),
      },
    })
    call.on('error', () => resolve(undefined))
    call.once('timeout', () => call.destroy())
    call.once('close', () => resolve(undefined))
    call.once('response', () => call.destroy())
    call.once('upgrade', (_incoming, socket: Socket, head) => {
      socket.setTimeout(0)
      if (head.length > 0) socket.unshift(head)
      resolve(socket)
    })
    call.end()
  })
}
