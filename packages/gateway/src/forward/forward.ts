import type { ClientRequest, IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '@drowse/common'
import { admit, type Admission } from '../admit/admit.ts'
import { connectionLost, pausedMeanwhile, type Answer } from '../answer/answer.ts'
import { failureAnswer } from '../answer/failure-answer.ts'
import { sendAnswer } from '../answer/send-answer.ts'
import type { SandboxTarget } from '../classify/classify-request.ts'
import type { RouteSource, StopCause } from '../route-source.ts'
import type { InFlight } from './in-flight.ts'
import { isRepeatable, judgeFailure, wasPaused } from './judge-failure.ts'
import { connectLoopback } from './loopback.ts'
import type { ReadMemory } from './read-memory.ts'
import { relayResponse, type Relay } from './relay-response.ts'
import { requestHeaders } from './request-headers.ts'
import { discardBody, sendBody } from './send-body.ts'
import { completeUpgrade, type Upgrade } from './upgrade.ts'
import type { UpstreamPool } from './upstream-pool.ts'
import { callUpstream, type UpstreamCall, type UpstreamResult } from './upstream-request.ts'

/** What every forwarded request needs. */
export interface ForwardContext {
  routes: RouteSource
  pool: UpstreamPool
  inFlight: InFlight
  reads: ReadMemory
  /** How many proxies of the operator's own stand before the gateway. */
  trustedHops: number
  logger: Logger
}

/** One request on its way to a sandbox. */
export interface ForwardJob {
  target: SandboxTarget
  request: IncomingMessage
  response: ServerResponse
  /** Present when the client's connection changes its protocol; `response` is then on the bare socket. */
  upgrade?: Upgrade
}

/** Brings a request to its sandbox's port, waking the sandbox, and streams both ways; or answers why not. Never rejects. */
export async function forward(context: ForwardContext, job: ForwardJob): Promise<void> {
  const attempt = new Attempt(context, job)
  try {
    await attempt.run()
  } catch (error) {
    attempt.refuse(failureAnswer(error, job.target), error)
  }
}

/** The tries of one request, and what must end with it. */
class Attempt {
  readonly #context: ForwardContext
  readonly #job: ForwardJob
  #call: UpstreamCall | undefined
  #end: (() => void) | undefined
  #cutSocket: ((cause: StopCause | undefined) => void) | undefined
  #cut: { cause: StopCause | undefined } | undefined

  constructor(context: ForwardContext, job: ForwardJob) {
    this.#context = context
    this.#job = job
    const client = job.upgrade?.socket ?? job.response
    client.once('close', () => {
      this.#end?.()
      if (job.upgrade !== undefined || !job.response.writableFinished) this.#call?.outgoing.destroy()
    })
  }

  async run(): Promise<void> {
    const { target, request, response } = this.#job
    const options = { routes: this.#context.routes, onNotRunning: () => this.#context.pool.dropIdle(target.id) }
    let isFresh = false
    let hasWoken = false
    for (let earlierTries = 0; ; earlierTries++) {
      const admission = await admit(options, target, request, response)
      if (response.destroyed || admission.kind === 'gone') return
      if (admission.kind === 'refuse') return this.refuse(admission.answer, admission.cause)
      hasWoken ||= admission.hasWoken
      const result = await this.#send(admission, isFresh)
      if (response.destroyed) return
      if (result.kind === 'response') return this.#relay(result.incoming, admission.generation)
      if (result.kind === 'upgrade') return this.#upgrade(result)
      const { generation } = admission
      const cut = { wasCut: this.#cut !== undefined, cause: this.#cut?.cause }
      const tried = { failure: result, earlierTries, ...cut, generation, hasWoken }
      const judgement = await judgeFailure(this.#context.routes, target, request, tried)
      if (judgement.kind === 'answer') return this.refuse(judgement.answer)
      isFresh = judgement.isFresh
      if (judgement.delayMs > 0) await sleep(judgement.delayMs)
      if (response.destroyed) return
    }
  }

  /** Sends the gateway's own answer. */
  refuse(answer: Answer, cause?: unknown): void {
    const { target, request, response } = this.#job
    if (cause !== undefined) {
      const level = answer.status >= 500 ? 'warn' : 'debug'
      this.#context.logger[level](
        { sandboxId: target.id, port: target.port, status: answer.status, err: cause },
        answer.message,
      )
    }
    this.#call?.outgoing.destroy()
    sendAnswer(request, response, answer)
  }

  async #send(admission: Extract<Admission, { kind: 'pass' }>, isFresh: boolean): Promise<UpstreamResult> {
    const { target, request, response, upgrade } = this.#job
    const { pool, inFlight, trustedHops } = this.#context
    this.#end ??= inFlight.begin(target.id, { cutUpstream: (cause) => this.#cutUpstream(cause) })
    const mayReuse = upgrade === undefined && !isFresh && (admission.generation !== undefined || isRepeatable(request))
    const isTls = admission.access.httpsPorts?.includes(target.port) === true
    const upstream = {
      address: admission.address,
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: requestHeaders(request, { target, access: admission.access, upgrade: upgrade?.protocol, trustedHops }),
      agent: mayReuse && pool.agentFor(target.id, admission.generation, isTls),
      isTls,
    }
    const onConnected = (outgoing: ClientRequest): void => sendBody(request, response, outgoing)
    this.#call = callUpstream(upstream, onConnected)
    const result = await this.#call.result
    if (result.kind !== 'unreachable' || !result.isRefused || response.destroyed) return result
    const connection = await connectLoopback(this.#context.routes, target, admission.access)
    if (connection === undefined) return result
    if (response.destroyed) {
      // What ends a call when its client goes away has run already.
      connection.destroy()
      return result
    }
    this.#call = callUpstream({ ...upstream, connection }, onConnected)
    return this.#call.result
  }

  #relay(incoming: IncomingMessage, generation: number | undefined): void {
    const { target, request, response } = this.#job
    try {
      const relay = relayResponse(incoming, response, this.#context.reads, () => void this.#abandon(relay, generation))
      const outgoing = this.#call?.outgoing
      outgoing?.once('close', () => discardBody(request))
      // A server that has answered needs no more of a body that still comes, and the client's next request is behind it. Closing the
      // connection to the server lets go of the body.
      response.once('finish', () => {
        if (outgoing?.writableFinished === false) outgoing.destroy()
      })
    } catch (error) {
      this.refuse(connectionLost(target), error)
    }
  }

  #upgrade(result: Extract<UpstreamResult, { kind: 'upgrade' }>): void {
    const { target, response, upgrade } = this.#job
    if (upgrade === undefined) {
      // The server switched protocols without being asked.
      result.socket.destroy()
      return this.refuse(connectionLost(target))
    }
    response.detachSocket(upgrade.socket as Parameters<ServerResponse['detachSocket']>[0]) // the socket it was assigned
    this.#cutSocket = completeUpgrade(upgrade, result)
  }

  /** Ends a response whose server went away in the middle. */
  async #abandon(relay: Relay, generation: number | undefined): Promise<void> {
    const { target } = this.#job
    try {
      const route = await this.#context.routes.resolve(target.id)
      const isPaused = wasPaused(route, { cause: this.#cut?.cause, generation })
      relay.abandon(isPaused ? pausedMeanwhile(target) : undefined)
    } catch (error) {
      this.#context.logger.warn({ sandboxId: target.id, err: error }, 'could not find out why a connection was lost')
      relay.abandon()
    }
    // The client may take its time to read the end; its connection to the sandbox is over.
    this.#end?.()
  }

  #cutUpstream(cause?: StopCause): void {
    this.#cut = { cause }
    this.#call?.outgoing.destroy()
    if (this.#cutSocket === undefined) return
    this.#cutSocket(cause)
    // The client may take its time to read the end; its connection to the sandbox is over.
    this.#end?.()
  }
}
