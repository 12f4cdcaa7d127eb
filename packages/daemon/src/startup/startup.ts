import { request as httpRequest } from 'node:http'
import type { EnvdReady, EnvdStart } from '@drowse/protocol'
import type { GuestSettings } from '../identity/guest-settings.ts'
import type { Log } from '../log.ts'
import { processEnvironment } from '../process/environment.ts'
import type { ExitStatus } from '../process/exit-status.ts'
import type { OutputSubscription } from '../process/output-subscription.ts'
import type { ProcessTable, StartOptions } from '../process/process-table.ts'
import type { RunningProcess } from '../process/running-process.ts'
import { requestUser } from '../users/request-user.ts'
import type { UserDatabase } from '../users/user-database.ts'

/** Pause, in ms, before a failed process runs again; doubles from one failure to the next. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 30_000
/** A process that ran this long, in ms, failed anew and not again. */
const STEADY_MS = 60_000
/** Longest wait, in ms, for the answer of a service that may be ready. */
const PROBE_MS = 2_000
/** A process that ended sooner than this, in ms, failed at once; after so many of those in a row nobody has to wait for another. */
const AT_ONCE_MS = 1_000
const HOPELESS_AFTER = 5
/** Longest wait, in ms, for output; there is nothing to do then but to wait again. */
const LOOK_AGAIN_MS = 3_600_000
/** How much of what it printed last is told, in characters. */
const WORDS_LENGTH = 2_000
/** Name of the process in the list of processes. */
const TAG = 'start-command'

/** Why a {@link Startup} is not ready. */
export interface StartTrouble {
  reason: string
  /** It failed at once so often that waiting is of no use, though it is tried on. */
  isHopeless: boolean
}

/** What a {@link Startup} works with. */
export interface StartupOptions {
  users: UserDatabase
  settings: GuestSettings
  processes: ProcessTable
  log: Log
}

/** The process that a template starts its sandboxes with: begun once a boot, run again when it fails, asked whether it is ready. */
export class Startup implements Disposable {
  readonly #options: StartupOptions
  #spec: EnvdStart | undefined
  #pauseMs = FIRST_PAUSE_MS
  #timer: NodeJS.Timeout | undefined
  #isOver = false
  /** Why it does not run at the moment, in words. */
  #trouble: string | undefined
  #failuresAtOnce = 0

  constructor(options: StartupOptions) {
    this.#options = options
  }

  /** Begins the process, unless that has been done since the boot. */
  begin(spec: EnvdStart): void {
    if (this.#spec !== undefined) return
    this.#spec = spec
    this.#run(spec)
  }

  /** Why it is not ready; `undefined` when it is. */
  async findTrouble(): Promise<StartTrouble | undefined> {
    const ready = this.#spec?.ready
    if (this.#spec === undefined) return { reason: 'it has not been started', isHopeless: false }
    if (ready === undefined || (await this.#holds(this.#spec, ready))) return undefined
    return { reason: this.#trouble ?? 'its ready check fails', isHopeless: this.#failuresAtOnce >= HOPELESS_AFTER }
  }

  /** Starts nothing more. What runs is the process table's to end. */
  [Symbol.dispose](): void {
    this.#isOver = true
    clearTimeout(this.#timer)
  }

  #run(spec: EnvdStart): void {
    const { processes, log } = this.#options
    const startedMs = performance.now()
    try {
      const process = processes.start(this.#launch(spec, spec.cmd, spec.args, TAG))
      this.#trouble = undefined
      void this.#follow(spec, process, startedMs)
    } catch (error) {
      this.#trouble = error instanceof Error ? error.message : String(error)
      this.#failuresAtOnce++
      log('Cannot run the start command', error)
      this.#runLater(spec)
    }
  }

  /** Never rejects. */
  async #follow(spec: EnvdStart, process: RunningProcess, startedMs: number): Promise<void> {
    const words = lastWords(process.output.subscribe())
    const status = await process.ended
    this.#ended(spec, status, performance.now() - startedMs, await words)
  }

  #ended(spec: EnvdStart, status: ExitStatus, ranMs: number, words: string): void {
    if (status.exitCode === 0 || this.#isOver) return
    this.#trouble = `its start command ended: ${status.status}${words === '' ? '' : `; it printed: ${words}`}`
    this.#failuresAtOnce = ranMs < AT_ONCE_MS ? this.#failuresAtOnce + 1 : 0
    if (ranMs > STEADY_MS) this.#pauseMs = FIRST_PAUSE_MS
    this.#options.log(`The start command ended, ${status.status}; it runs again in ${this.#pauseMs} ms`)
    this.#runLater(spec)
  }

  #runLater(spec: EnvdStart): void {
    this.#timer = setTimeout(() => this.#run(spec), this.#pauseMs)
    this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS)
  }

  async #holds(spec: EnvdStart, ready: EnvdReady): Promise<boolean> {
    if ('port' in ready) return await answers(ready)
    try {
      const check = this.#options.processes.start(this.#launch(spec, ready.cmd, ready.args, undefined))
      check.killAfter(PROBE_MS)
      return (await check.ended).exitCode === 0
    } catch {
      return false
    }
  }

  #launch(spec: EnvdStart, cmd: string, args: string[], tag: string | undefined): StartOptions {
    const user = requestUser(this.#options, spec.user ?? 'root')
    const env = processEnvironment(user, this.#options.settings, {})
    return {
      config: { $typeName: 'process.ProcessConfig', cmd, args, envs: {} },
      tag,
      user,
      cwd: '/',
      env,
      hasStdin: false,
      terminal: undefined,
    }
  }
}

/** The end of what a process prints, or of what came of it until its readers were dropped. Never rejects. */
async function lastWords(output: OutputSubscription): Promise<string> {
  let words = ''
  try {
    for (;;) {
      const event = await output.next(LOOK_AGAIN_MS)
      if (event.kind === 'chunk') words = (words + Buffer.from(event.chunk.data).toString()).slice(-WORDS_LENGTH)
      else if (event.kind !== 'idle') return words.trim()
    }
  } catch {
    return words.trim()
  }
}

/** Whether a service on 127.0.0.1 answers 2xx. */
async function answers({ port, path }: { port: number; path: string }): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const probe = httpRequest({ host: '127.0.0.1', port, path, agent: false, timeout: PROBE_MS })
  probe.once('response', (response) => {
    response.resume()
    const status = response.statusCode ?? 0
    resolve(status >= 200 && status < 300)
  })
  probe.once('timeout', () => probe.destroy())
  probe.once('error', () => resolve(false))
  probe.once('close', () => resolve(false))
  probe.end()
  return await promise
}
