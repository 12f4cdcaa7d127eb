import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** What a fake guest keeps in memory; an image is this as JSON. */
export interface FakeMemory {
  counter: number
  /** Body of the last `POST /init`, as text. */
  lastInit: string | undefined
}

/**
 * The inside of a fake sandbox: an HTTP server on loopback that stands in for every port of the guest.
 *
 * `GET /health` answers 204. `POST /init` answers 204 and remembers the body. `GET /counter` answers the counter and
 * `POST /counter` adds one first. Anything else is 404. While the guest is frozen, requests wait.
 */
export class FakeGuest {
  readonly memory: FakeMemory
  readonly #server: Server
  #thawed: PromiseWithResolvers<void> | undefined

  private constructor(memory: FakeMemory) {
    this.memory = memory
    this.#server = createServer((request, response) => {
      void this.#answer(request, response).catch(() => response.destroy())
    })
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
    this.thaw()
    await closed
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await this.#thawed?.promise
    const route = `${request.method ?? ''} ${request.url ?? ''}`
    const body = await text(request)
    await this.#thawed?.promise // the freeze may have come while the body did
    if (route === 'POST /init') this.memory.lastInit = body
    if (route === 'POST /counter') this.memory.counter++
    if (route === 'GET /health' || route === 'POST /init') response.writeHead(204).end()
    else if (route.endsWith(' /counter')) response.writeHead(200).end(String(this.memory.counter))
    else response.writeHead(404).end()
  }
}
