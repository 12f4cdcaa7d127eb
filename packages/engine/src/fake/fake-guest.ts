import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'

/** What a fake guest keeps in memory; an image is this as JSON. */
export interface FakeMemory {
  counter: number
  /** Body of the last `POST /init`, as text. */
  lastInit: string | undefined
  /** Body of the last `POST /start`, as text; absent when there was none. */
  lastStart?: string
}

/**
 * The inside of a fake sandbox: an HTTP server on loopback that stands in for every port of the guest.
 *
 * `GET /health` answers 204. `POST /init` and `POST /start` answer 204 and remember the body. `GET /counter` answers the counter and
 * `POST /counter` adds one first. Anything else is 404. A connection that asks for
 * another protocol gets it, and its bytes back. While the guest is frozen, requests wait.
 */
export class FakeGuest {
  readonly memory: FakeMemory
  /** Whether it answers every `POST /init` with 500, as a daemon that has lost its way. */
  refusesInit = false
  /** Requests that it has got since its boot or restore. */
  requests = 0
  readonly #server: Server
  /** Connections with another protocol; the server does not close those. */
  readonly #sockets = new Set<Duplex>()
  #thawed: PromiseWithResolvers<void> | undefined

  private constructor(memory: FakeMemory) {
    this.memory = memory
    this.#server = createServer((request, response) => {
      void this.#answer(request, response).catch(() => response.destroy())
    })
    this.#server.on('upgrade', (_request, socket: Duplex) => void this.#echo(socket))
  }

  /** Boots a guest with the given memory; resolves when its server listens. */
  static async boot(memory: FakeMemory): Promise<FakeGuest> {
    const guest = new FakeGuest(memory)
    await new Promise<void>((resolve, reject) => {
      guest.#server.once('error', reject)
      guest.#server.listen(0, '127.0.0.1', resolve)
    })
    return guest
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port // it listens on TCP from boot to end
  }

  get isFrozen(): boolean {
    return this.#thawed !== undefined
  }

  freeze(): void {
    this.#thawed ??= Promise.withResolvers()
  }

  thaw(): void {
    this.#thawed?.resolve()
    this.#thawed = undefined
  }

  /** Ends the guest and cuts its connections, held ones too. */
  async end(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    this.#server.closeAllConnections()
    for (const socket of this.#sockets) socket.destroy()
    this.thaw()
    await closed
  }

  async #echo(socket: Duplex): Promise<void> {
    this.#sockets.add(socket)
    socket.on('error', () => socket.destroy()).once('close', () => this.#sockets.delete(socket))
    await this.#thawed?.promise
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    socket.pipe(socket)
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requests++
    await this.#thawed?.promise
    const route = `${request.method ?? ''} ${request.url ?? ''}`
    const body = await text(request)
    await this.#thawed?.promise // the freeze may have come while the body did
    if (route === 'POST /init' && this.refusesInit) return void response.writeHead(500).end()
    if (route === 'POST /init') this.memory.lastInit = body
    if (route === 'POST /start') this.memory.lastStart = body
    if (route === 'POST /counter') this.memory.counter++
    if (route === 'GET /health' || route === 'POST /init' || route === 'POST /start') response.writeHead(204).end()
    else if (route.endsWith(' /counter')) response.writeHead(200).end(String(this.memory.counter))
    else response.writeHead(404).end()
  }
}
