import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { joinPortStream, systemClock, type Logger, type Timer } from '@drowse/common'
import { connectGuestPort, type ApiUpgrades, type StopCause } from '@drowse/gateway'
import {
  DrowseError,
  isSandboxId,
  parsePortStreamPath,
  PORT_STREAM_CLOSE,
  PORT_STREAM_MAX_MESSAGE,
  type SandboxId,
} from '@drowse/protocol'
import { WebSocketServer, type WebSocket } from 'ws'
import type { SandboxService } from '../sandboxes/service.ts'
import type { TeamRepo } from '../store/repos/team-repo.ts'
import { authenticate } from '../teams/authenticate.ts'
import { apiKeyOf } from './auth.ts'
import { sendRawError } from './raw-error.ts'

/** How often, in ms, a client is asked whether it is still there; the answers also keep proxies on the way from closing what is silent. */
const PING_MS = 30_000

/** What {@link PortStreams} works with. */
export interface PortStreamOptions {
  sandboxes: Pick<SandboxService, 'attach' | 'get'>
  teams: TeamRepo
  logger: Logger
}

/**
 * Streams to ports of sandboxes: `GET /sandboxes/<id>/tcp/<port>` upgraded to a WebSocket, as `drowse port-forward` asks for. Each wakes its
 * sandbox and connects to the port on the sandbox's loopback. What cannot be is answered as any call of the API, before the upgrade.
 */
export class PortStreams implements ApiUpgrades {
  readonly #options: PortStreamOptions
  readonly #sockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    maxPayload: PORT_STREAM_MAX_MESSAGE,
    clientTracking: false,
  })

  constructor(options: PortStreamOptions) {
    this.#options = options
  }

  accepts(request: IncomingMessage): boolean {
    const isWebSocket = request.headers.upgrade?.trim().toLowerCase() === 'websocket'
    return isWebSocket && request.method === 'GET' && parsePortStreamPath(request.url ?? '') !== undefined
  }

  take(request: IncomingMessage, socket: Duplex, head: Buffer, stopWatching: () => void): void {
    void this.#serve(request, socket, head, stopWatching)
  }

  /** Never rejects. */
  async #serve(request: IncomingMessage, socket: Duplex, head: Buffer, stopWatching: () => void): Promise<void> {
    const gone = new AbortController()
    socket.once('close', () => gone.abort(new DrowseError('unavailable', 'The client went away')))
    try {
      const { id, port } = await this.#authorize(request)
      const stopped = new AbortController()
      let cause: StopCause | undefined
      const onStop = (why: StopCause): void => {
        cause = why
        stopped.abort()
      }
      using attachment = await this.#options.sandboxes.attach(id, { signal: gone.signal, onStop })
      const server = await connectGuestPort(attachment.daemon, port, attachment.accessToken)
      if (server === undefined) throw nothingListens(port)
      if (socket.destroyed) return void server.destroy()
      stopWatching()
      const carrier = await this.#upgrade(request, socket, head, server)
      const cut = (): void => carrier.close(PORT_STREAM_CLOSE[cause ?? 'lost'], `The sandbox was ${cause}`)
      stopped.signal.addEventListener('abort', cut, { once: true })
      if (stopped.signal.aborted) cut()
      using _watch = watchClient(carrier)
      await joinPortStream(carrier, server)
    } catch (error) {
      const known = DrowseError.from(error)
      if (known.status >= 500) this.#options.logger.warn({ err: error }, 'could not stream to a port')
      if (!socket.destroyed) sendRawError(socket, known)
    }
  }

  async #authorize(request: IncomingMessage): Promise<{ id: SandboxId; port: number }> {
    const teamId = await authenticate(this.#options.teams, apiKeyOf(request.headers))
    const { sandboxId = '', port: portText = '' } = parsePortStreamPath(request.url ?? '') ?? {}
    const port = /^[1-9]\d{0,4}$/.test(portText) ? Number(portText) : 0
    if (port < 1 || port > 65_535) throw new DrowseError('invalid_argument', 'Invalid sandbox port')
    if (!isSandboxId(sandboxId)) throw new DrowseError('invalid_argument', 'Invalid sandbox ID')
    const { id } = await this.#options.sandboxes.get(teamId, sandboxId)
    return { id, port }
  }

  /** Rejects, with the connections closed, when the request is no proper one for a WebSocket; its client has been told. */
  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, server: Duplex): Promise<WebSocket> {
    return await new Promise((resolve, reject) => {
      const fail = (): void => {
        server.destroy()
        reject(new DrowseError('invalid_argument', 'The client went away, or asked for a WebSocket that cannot be'))
      }
      socket.once('close', fail)
      this.#sockets.handleUpgrade(request, socket, head, (carrier) => {
        socket.off('close', fail)
        resolve(carrier)
      })
    })
  }
}

/** Cuts a client that gives no sign of life. */
function watchClient(carrier: WebSocket): Disposable {
  let isAlive = true
  let timer: Timer
  carrier.on('pong', () => (isAlive = true))
  const look = (): void => {
    // One that is held back because the sandbox takes nothing is not heard.
    if (!isAlive && !carrier.isPaused) return carrier.terminate()
    isAlive = carrier.isPaused
    carrier.ping()
    timer = systemClock.setTimer(PING_MS, look)
  }
  timer = systemClock.setTimer(PING_MS, look)
  return { [Symbol.dispose]: () => timer.cancel() }
}

function nothingListens(port: number): DrowseError {
  return new DrowseError(
    'sandbox_unreachable',
    `Cannot reach port ${port}: nothing listens on it on the sandbox's 127.0.0.1 or ::1`,
    { details: { isPublic: true } },
  )
}
