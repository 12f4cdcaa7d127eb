import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock, type Logger, type Timer } from '@drowse/common'
import { callControl } from '../control-socket.ts'
import { endableProcesses, largestProcess, type GuestProcess } from './largest-process.ts'
import { MemoryCgroup } from './memory-cgroup.ts'
import type { MemoryLimits } from './memory-limits.ts'

/**
 * How fast a guest is taken to use up memory, in bytes a millisecond. Most programs stay below that; memset over huge pages
 * on two CPUs takes 8 MiB, and is left to the kernel's wait.
 */
const GROWTH_BYTES_PER_MS = 1024 * 1024
/** Shortest and longest time between two looks, in ms. */
const MIN_INTERVAL_MS = 10
const MAX_INTERVAL_MS = 500
/** Time between two looks at a sandbox that is above its bound by what can't be helped, or by files in the page cache, in ms. */
const RESTING_INTERVAL_MS = 100
/** How long an ended process may take to give its memory back before another is ended, in ms. */
const RELIEF_TIMEOUT_MS = 2_000
/** Time between two looks while a process is being ended, in ms. */
const RELIEF_INTERVAL_MS = 5
/** By how much the host's limit is raised at a time, in bytes. */
const RAISE_BYTES = 128 * 1024 * 1024
/** Memory that the host lets a sandbox take while a process is being ended, in bytes. */
const WORKING_BYTES = 512 * 1024 * 1024
const CALL_TIMEOUT_MS = 10_000
const SIGKILL = 9

/** What to guard of one sandbox. */
export interface GuardedMemory {
  /** Path of its cgroup below each hierarchy's mount. */
  cgroupPath: string
  /** Its control socket. */
  socketPath: string
  limits: MemoryLimits
  /** Does `work` on the stopped sandbox and lets it go on, while nobody else freezes or thaws it. */
  whileFrozen: <T>(work: () => Promise<T>) => Promise<T>
  /** Called when `process` was ended; must not throw. */
  onLimit: (process: GuestProcess) => void
  /** Ends the whole sandbox, because ending processes has not helped; must not reject. */
  giveUp: () => Promise<void>
}

/**
 * Keeps a running sandbox within its memory by ending its largest process before the host's limit ends all of it.
 * Looks seldom while there is much left, and every 10 ms near the end. Where a guest is quicker than that, or this process
 * is held up or gone, the kernel lets the whole sandbox wait (cgroup v1) or slows it down (v2) until somebody looks again.
 */
export class MemoryGuard {
  readonly #id: string
  readonly #memory: GuardedMemory
  readonly #cgroup: MemoryCgroup
  readonly #logger: Logger
  #limitBytes: number
  #timer: Timer | undefined
  #isOver = false

  /** Sets the host's limit and begins to look. */
  constructor(id: string, memory: GuardedMemory, logger: Logger) {
    const { hardBytes, urgentBytes } = memory.limits
    this.#id = id
    this.#memory = memory
    this.#logger = logger
    this.#cgroup = new MemoryCgroup(memory.cgroupPath)
    this.#limitBytes = hardBytes
    this.#setLimit(hardBytes)
    try {
      this.#cgroup.holdAtLimit(true, urgentBytes)
    } catch (error) {
      logger.warn({ id, err: error }, 'cannot make a sandbox wait at its memory limit: it would end there')
    }
    this.#lookIn(MIN_INTERVAL_MS)
  }

  /** Ends the guard; nothing is ended or called any more. */
  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#timer?.cancel()
    this.#cgroup[Symbol.dispose]()
  }

  #lookIn(delayMs: number): void {
    if (this.#isOver) return
    this.#timer = systemClock.setTimer(delayMs, () => {
      // The cgroup is gone with the sandbox: there is nothing to guard.
      void this.#look().then(
        (nextMs) => this.#lookIn(nextMs),
        () => this.end(),
      )
    })
  }

  /** Looks once, acts when it has to, and returns when to look again. */
  async #look(): Promise<number> {
    const { hardBytes, softBytes } = this.#memory.limits
    const leftBytes = softBytes - this.#cgroup.usageBytes()
    if (leftBytes > 0) {
      if (this.#limitBytes > hardBytes) this.#setLimit(hardBytes)
      return Math.min(Math.max(leftBytes / GROWTH_BYTES_PER_MS, MIN_INTERVAL_MS), MAX_INTERVAL_MS)
    }
    if (!this.#cgroup.isStuck() && this.#cgroup.heldBytes() < softBytes) return RESTING_INTERVAL_MS
    try {
      return (await this.#whileGoing(() => this.#endLargest())) ? MIN_INTERVAL_MS : RESTING_INTERVAL_MS
    } catch (error) {
      if (!this.#isOver) this.#logger.warn({ id: this.#id, err: error }, 'cannot keep a sandbox within its memory')
      return RESTING_INTERVAL_MS
    }
  }

  /** Does `work` with the Sentry kept going, by more memory where it has to be. */
  async #whileGoing<T>(work: () => Promise<T>): Promise<T> {
    // At its limit the Sentry's own system calls fail, and with them its answers.
    this.#setLimit(Math.min(this.#cgroup.usageBytes() + WORKING_BYTES, this.#memory.limits.mostBytes))
    const isDone = new AbortController()
    const letGo = async (): Promise<void> => {
      while (!isDone.signal.aborted && !this.#isOver) {
        if (this.#cgroup.isStuck()) await this.#letGo()
        await sleep(RELIEF_INTERVAL_MS)
      }
    }
    const letting = letGo()
    try {
      return await work()
    } finally {
      isDone.abort()
      await letting
    }
  }

  async #letGo(): Promise<void> {
    if (this.#limitBytes + RAISE_BYTES <= this.#memory.limits.mostBytes) this.#setLimit(this.#limitBytes + RAISE_BYTES)
    else await this.#memory.giveUp() // nothing helps, and the host's memory is worth more than this sandbox
  }

  /** Ends the largest process and waits for its memory; says whether there was one that is worth it. */
  async #endLargest(): Promise<boolean> {
    const { softBytes } = this.#memory.limits
    const ended = await this.#memory.whileFrozen(async () => await this.#endOne())
    if (ended === undefined) return false
    if (!this.#isOver) this.#memory.onLimit(ended)
    const untilMs = Date.now() + RELIEF_TIMEOUT_MS
    while (!this.#isOver && Date.now() < untilMs && this.#cgroup.heldBytes() >= softBytes) {
      await sleep(RELIEF_INTERVAL_MS)
    }
    return true
  }

  /** Of a stopped sandbox: a quick process would use up gigabytes while one is chosen. */
  async #endOne(): Promise<GuestProcess | undefined> {
    const { goodPartBytes, softBytes, urgentBytes } = this.#memory.limits
    const heldBytes = this.#isOver ? 0 : this.#cgroup.heldBytes()
    if (heldBytes < softBytes) return undefined
    const processes = endableProcesses(await this.#call('containerManager.ProcfsDump'))
    const chosen = largestProcess(processes, { heldBytes, goodPartBytes, isUrgent: heldBytes >= urgentBytes })
    if (chosen === undefined) return undefined
    await this.#call('containerManager.Signal', { CID: this.#id, Signo: SIGKILL, PID: chosen.pid, Mode: 0 })
    return chosen
  }

  async #call(method: string, arg?: unknown): Promise<unknown> {
    const { socketPath } = this.#memory
    return await callControl({ socketPath, method, arg, timeoutMs: CALL_TIMEOUT_MS })
  }

  #setLimit(bytes: number): void {
    try {
      this.#cgroup.limit(bytes)
      this.#limitBytes = bytes
    } catch {
      // More than that is in use for the moment: the next look tries again.
    }
  }
}
