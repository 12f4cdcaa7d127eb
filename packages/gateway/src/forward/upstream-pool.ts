import { Agent } from 'node:http'
import { systemClock, type Clock, type Timer } from '@drowse/common'
import type { SandboxId } from '@drowse/protocol'
import { PROBE_AFTER_MS } from './upstream-request.ts'

/** How long, in ms, an idle connection is kept. Below the 5 s after which Node's and uvicorn's servers close theirs, so the two do not cross. */
const IDLE_MS = 4_000
/** Idle connections kept for one port of a sandbox. */
const MAX_IDLE_SOCKETS = 64
/** How often, in ms, pools of sandboxes without connections are forgotten. */
const SWEEP_MS = 30_000

interface Pool {
  agent: Agent
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

  /** The agent for a sandbox; idle connections of another generation are closed. */
  agentFor(id: SandboxId, generation: number | undefined): Agent {
    const pool = this.#pools.get(id)
    if (pool?.generation === generation && pool !== undefined) return pool.agent
    this.dropIdle(id)
    const agent = new Agent({
      keepAlive: true,
      maxFreeSockets: MAX_IDLE_SOCKETS,
      timeout: IDLE_MS,
      keepAliveMsecs: PROBE_AFTER_MS,
    })
    this.#pools.set(id, { agent, generation })
    this.#sweep ??= this.#clock.setTimer(SWEEP_MS, () => this.#forgetUnused())
    return agent
  }

  /** Closes a sandbox's idle connections and keeps none of the busy ones for reuse. Requests in flight go on. */
  dropIdle(id: SandboxId): void {
    const pool = this.#pools.get(id)
    if (pool === undefined) return
    this.#pools.delete(id)
    retire(pool.agent)
  }

  /** Closes every idle connection. */
  close(): void {
    for (const id of this.#pools.keys()) this.dropIdle(id)
    this.#sweep?.cancel()
  }

  #forgetUnused(): void {
    for (const [id, { agent }] of this.#pools) if (isUnused(agent)) this.#pools.delete(id)
    this.#sweep = this.#pools.size === 0 ? undefined : this.#clock.setTimer(SWEEP_MS, () => this.#forgetUnused())
  }
}

function retire(agent: Agent): void {
  agent.maxFreeSockets = 0
  for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy()
}

function isUnused(agent: Agent): boolean {
  return [agent.sockets, agent.freeSockets, agent.requests].every((lists) => Object.keys(lists).length === 0)
}
