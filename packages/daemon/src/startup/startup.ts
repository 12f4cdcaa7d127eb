import { request as httpRequest } from 'node:http'
import type { EnvdReady, EnvdStart } from '@drowse/protocol'
import type { GuestSettings } from '../identity/guest-settings.ts'
import type { Log } from '../log.ts'
import { processEnvironment } from '../process/environment.ts'
import type { ExitStatus } from '../process/exit-status.ts'
import type { ProcessTable, StartOptions } from '../process/process-table.ts'
import { requestUser } from '../users/request-user.ts'
import type { UserDatabase } from '../users/user-database.ts'

/** Pause, in ms, before a failed process runs again; doubles from one failure to the next. */
const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 30_000
/** A process that ran this long, in ms, failed anew and not again. */
const STEADY_MS = 60_000
/** Longest wait, in ms, for the answer of a service that may be ready. */
const PROBE_MS = 2_000
/** Name of the process in the list of processes. */
const TAG = 'start-command'

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

  constructor(options: StartupOptions) {
    this.#options = options
  }

  /** Begins the process, unless that has been done since the boot. */
  begin(spec: EnvdStart): void {
    if (this.#spec !== undefined) return
    this.#spec = spec
    this.#run(spec)
  }

  /** Why it is not ready, as a few words; `undefined` when it is. */
  async findTrouble(): Promise<string | undefined> {
    const ready = this.#spec?.ready
    if (this.#spec === undefined) return 'it has not been started'
    if (ready === undefined || (await this.#holds(this.#spec, ready))) return undefined
    return this.#trouble ?? 'its ready check fails'
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
      void process.ended.then((status) => this.#ended(spec, status, performance.now() - startedMs))
    } catch (error) {
      this.#trouble = error instanceof Error ? error.message : String(error)
      log('Cannot run the start command', error)
      this.#runLater(spec)
    }
  }

  #ended(spec: EnvdStart, status: ExitStatus, ranMs: number): void {
    if (status.exitCode === 0 || this.#isOver) return
    this.#trouble = `its start command ended: ${status.status}`
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
