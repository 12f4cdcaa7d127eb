import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import { systemClock, type Clock, type Timer } from '@drowse/common'
import type { SandboxId } from '@drowse/protocol'
import { PROBE_AFTER_MS } from './upstream-request.ts'
import { UpstreamSocket, type UpstreamSocketOptions } from './upstream-socket.ts'

/** How long, in ms, an idle connection is kept. Below the 5 s after which Node's and uvicorn's servers close theirs, so the two do not cross. */
const IDLE_MS = 4_000
/** Idle connections kept for one port of a sandbox. */
const MAX_IDLE_SOCKETS = 64
/** How often, in ms, pools of sandboxes without connections are forgotten. */
const SWEEP_MS = 30_000

interface Pool {
  plain: Agent
  /** For ports whose servers speak TLS. */
  secure: SecureAgent
  generation: number | undefined
}

/**
 * Connections to sandboxes, kept open for reuse. Each generation of a sandbox has its own: a pause takes the other end
 * away without a word, and a request sent into such a connection would be lost.
 */
export class UpstreamPool {
  readonly #clock: Clock
  readonly #pools = new Map<SandboxId, Pool>()
  #sweep: Timer | undefined

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  /** How many sandboxes have connections kept for them, or had in the last half minute. */
  get size(): number {
    return this.#pools.size
  }

  /** The agent for a sandbox's ports, those with or those without TLS; idle connections of another generation are closed. */
  agentFor(id: SandboxId, generation: number | undefined, isTls: boolean): Agent {
    const pool = this.#poolFor(id, generation)
    return isTls ? pool.secure : pool.plain
  }

  #poolFor(id: SandboxId, generation: number | undefined): Pool {
    const known = this.#pools.get(id)
    if (known?.generation === generation && known !== undefined) return known
    this.dropIdle(id)
    const options = {
      keepAlive: true,
      maxFreeSockets: MAX_IDLE_SOCKETS,
      timeout: IDLE_MS,
      keepAliveMsecs: PROBE_AFTER_MS,
    }
    const pool = { plain: new PlainAgent(options), secure: new SecureAgent(options), generation }
    this.#pools.set(id, pool)
    this.#sweep ??= this.#clock.setTimer(SWEEP_MS, () => this.#forgetUnused())
    return pool
  }

  /** Closes a sandbox's idle connections and keeps none of the busy ones for reuse. Requests in flight go on. */
  dropIdle(id: SandboxId): void {
    const pool = this.#pools.get(id)
    if (pool === undefined) return
    this.#pools.delete(id)
    retire(pool.plain)
    retire(pool.secure)
  }

  /** Closes every idle connection. */
  close(): void {
    for (const id of this.#pools.keys()) this.dropIdle(id)
    this.#sweep?.cancel()
  }

  #forgetUnused(): void {
    for (const [id, { plain, secure }] of this.#pools) {
      if (isUnused(plain) && isUnused(secure)) this.#pools.delete(id)
    }
    this.#sweep = this.#pools.size === 0 ? undefined : this.#clock.setTimer(SWEEP_MS, () => this.#forgetUnused())
  }
}

class PlainAgent extends Agent {
  override createConnection(options: UpstreamSocketOptions): UpstreamSocket {
    return new UpstreamSocket(options)
  }
}

function retire(agent: Agent): void {
  agent.maxFreeSockets = 0
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
}

function isUnused(agent: Agent): boolean {
  return [agent.sockets, agent.freeSockets, agent.requests].every((lists) => Object.keys(lists).length === 0)
}
