import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Duplex, Writable } from 'node:stream'
import type { Logger } from '@drowse/common'
import { DrowseError, ENVD_PORT, type SandboxId } from '@drowse/protocol'
import { badRequest, tooManySearches } from './answer/answer.ts'
import { responseOn, sendAnswer } from './answer/send-answer.ts'
import { classifyRequest, type Classification, type SandboxTarget } from './classify/classify-request.ts'
import { readSignedFile } from './classify/signed-file.ts'
import { forward, type ForwardContext } from './forward/forward.ts'
import { InFlight } from './forward/in-flight.ts'
import { ReadMemory } from './forward/read-memory.ts'
import { upgradeProtocol } from './forward/upgrade.ts'
import { UpstreamPool } from './forward/upstream-pool.ts'
import { watchForEnd } from './forward/watch-for-end.ts'
import { SandboxLimits, type LimitSettings } from './limit/sandbox-limits.ts'
import type { RouteSource, SignedFile, StopCause } from './route-source.ts'

/** Requests to the API that ask for another protocol. */
export interface ApiUpgrades {
  /** Whether a request gets the bare connection; otherwise it is an ordinary request. */
  accepts(request: IncomingMessage): boolean
  /** Takes a connection and answers it. Until `stopWatching` is called, it is destroyed when its client goes away, and is not to be read. */
  take(request: IncomingMessage, socket: Duplex, head: Buffer, stopWatching: () => void): void
}

/** What {@link Traffic} works with. */
export interface TrafficOptions {
  routes: RouteSource
  /** Takes every request that is not for a sandbox. */
  api: RequestListener
  apiUpgrades?: ApiUpgrades
  domain: string
  limits: LimitSettings
  /** How many proxies of the operator's own stand before the gateway. */
  trustedHops: number
  logger: Logger
}

/** What happens to requests, whichever door they came through. */
export class Traffic {
  readonly #options: TrafficOptions
  readonly #context: ForwardContext
  readonly #upgraded = new Set<Duplex>()
  readonly #limits: SandboxLimits

  constructor(options: TrafficOptions) {
    const { routes, trustedHops, logger } = options
    this.#options = options
    this.#limits = new SandboxLimits(options.limits)
    this.#context = {
      routes,
      trustedHops,
      logger,
      pool: new UpstreamPool(),
      reads: new ReadMemory(),
      inFlight: new InFlight((id, delta) => routes.connectionChanged(id, delta)),
    }
  }

  /** Takes a request. `expectsContinue` when its client waits for a 100 before it sends the body. */
  onRequest(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const where = this.#classify(request)
    const signed = where.kind === 'api' ? readSignedFile(request) : undefined
    if (signed === undefined) this.#take(where, request, response, expectsContinue)
    else void this.#takeSigned(signed, request, response, expectsContinue)
  }

  /** Whether a request that asks for another protocol gets the bare connection; otherwise it is an ordinary request. */
  shouldUpgrade(request: IncomingMessage): boolean {
    if (upgradeProtocol(request) === undefined) return false
    const { kind } = this.#classify(request)
    return kind === 'sandbox' || (kind === 'api' && this.#options.apiUpgrades?.accepts(request) === true)
  }

  /** Takes a connection for which {@link Traffic.shouldUpgrade} said yes. */
  onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => socket.destroy())
    this.#upgraded.add(socket)
    socket.once('close', () => this.#upgraded.delete(socket))
    const where = this.#classify(request)
    if (where.kind === 'api') {
      this.#options.apiUpgrades?.take(request, socket, head, watchForEnd(socket))
      return
    }
    const protocol = upgradeProtocol(request)
    if (where.kind !== 'sandbox' || protocol === undefined) {
      socket.destroy()
      return
    }
    const response = responseOn(request, socket)
    if (!this.#admit(where.target, request, response, socket)) return
    const stopWatching = watchForEnd(socket)
    const upgrade = { protocol, socket, head, stopWatching }
    void forward(this.#context, { target: where.target, request, response, upgrade })
  }

  /** Ends a sandbox's connections, also those kept for reuse. */
  dropConnections(id: SandboxId, cause: StopCause): void {
    this.#context.pool.dropIdle(id)
    this.#context.inFlight.cut(id, cause)
  }

  /** What is kept now, by number. */
  held(): { exchanges: number; upgraded: number; counted: number; kept: number } {
    const { inFlight, pool } = this.#context
    return {
      exchanges: inFlight.size,
      upgraded: this.#upgraded.size,
      counted: this.#limits.open,
      kept: pool.size,
    }
  }

  /** Cuts every connection that was handed over for another protocol: those have no end of their own to wait for. */
  closeUpgraded(): void {
    for (const socket of this.#upgraded) socket.destroy()
  }

  /** Cuts every connection to a sandbox. */
  close(): void {
    this.closeUpgraded()
    this.#context.pool.close()
    this.#context.inFlight.cutAll()
  }

  #take(where: Classification, request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    if (where.kind === 'api') {
      if (expectsContinue) response.writeContinue()
      this.#options.api(request, response)
    } else if (where.kind === 'sandbox') {
      if (this.#admit(where.target, request, response, response)) {
        void forward(this.#context, { target: where.target, request, response })
      }
    } else {
      sendAnswer(request, response, badRequest(where.message))
    }
  }

  /** Takes a request that its signature alone may bring to a sandbox. Never throws; what nobody has signed is for the API, as it would be without. */
  async #takeSigned(
    file: SignedFile,
    request: IncomingMessage,
    response: ServerResponse,
    expectsContinue: boolean,
  ): Promise<void> {
    let signer: SandboxId | undefined
    try {
      signer = await this.#options.routes.findSigner(file)
    } catch (error) {
      const failure = DrowseError.from(error)
      if (failure.code === 'rate_limited') {
        sendAnswer(request, response, tooManySearches(failure.message))
        return
      }
      this.#options.logger.warn({ err: failure }, 'could not look for the sandbox that has signed a URL')
    }
    const where =
      signer === undefined ? { kind: 'api' as const } : this.#checkForm({ id: signer, port: ENVD_PORT }, request)
    this.#take(where, request, response, expectsContinue)
  }

  /** Counts a request in until `connection` closes; or answers why not. */
  #admit(target: SandboxTarget, request: IncomingMessage, response: ServerResponse, connection: Writable): boolean {
    const entry = this.#limits.enter(target)
    if (entry.kind === 'in') connection.once('close', entry.leave)
    else sendAnswer(request, response, entry.answer)
    return entry.kind === 'in'
  }

  #classify(request: IncomingMessage): Classification {
    const url = request.url ?? '/'
    const where = classifyRequest({ url, rawHeaders: request.rawHeaders }, this.#options.domain)
    return where.kind === 'sandbox' ? this.#checkForm(where.target, request) : where
  }

  /** Refuses what a server in a sandbox could read in another way. */
  #checkForm(target: SandboxTarget, request: IncomingMessage): Classification {
    const url = request.url ?? '/'
    if (!url.startsWith('/') && url !== '*') return { kind: 'invalid', message: 'The request target must be a path' }
    const encoding = request.headers['transfer-encoding']
    if (encoding !== undefined && encoding.trim().toLowerCase() !== 'chunked') {
      return { kind: 'invalid', message: 'Transfer-Encoding must be "chunked"' }
    }
    return { kind: 'sandbox', target }
  }
}
