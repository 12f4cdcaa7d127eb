import type { Kernel } from '../kernel/kernel.ts'
import type { KernelEvent } from '../kernel/kernel-event.ts'
import type { Log } from '../log.ts'
import { Execution, type ExecutionSink } from './execution.ts'
import type { Language } from './language.ts'

/** How long a cell that ignores its interrupt may keep others waiting, in ms, before its kernel is ended. */
const GRACE_MS = 10_000
/** How often a cell is interrupted again meanwhile, in ms. */
const INTERRUPT_EVERY_MS = 2_000
/** How long a kernel may take to start, in ms: Java needs seconds, on a busy machine many. */
const START_TIMEOUT_MS = 120_000

/** What the clients are told of a context. */
export interface ContextInfo {
  id: string
  language: Language
  cwd: string
}

/** What a context needs from outside. */
export interface ContextOptions extends ContextInfo {
  startKernel(): Promise<Kernel>
  /** Variables of the sandbox, asked for with the token of an execution; `undefined` when they cannot be had. */
  sandboxEnv(accessToken: string | undefined): Promise<Record<string, string> | undefined>
  /** How often this sandbox has become a copy of another. */
  copyCount(): number
  log: Log
}

/** A cell to run. */
export interface Cell {
  code: string
  env: Record<string, string>
  accessToken: string | undefined
}

/** A place with its own variables: one kernel, which runs one cell at a time, and a queue before it. */
export class Context {
  readonly info: ContextInfo
  readonly #options: ContextOptions
  #kernel: Kernel | undefined
  #starting: Promise<Kernel> | undefined
  #queue: Promise<void> = Promise.resolve()
  #waiting = 0
  #count = 0
  /** What the next execution must say of a kernel that is gone. */
  #loss: string | undefined
  #knownCopies: number
  #hasSandboxEnv = false
  #isClosed = false

  constructor(options: ContextOptions) {
    const { id, language, cwd } = options
    this.info = { id, language, cwd }
    this.#options = options
    this.#knownCopies = options.copyCount()
  }

  /** Starts the kernel unless it runs, and resolves once it takes cells. Throws when it cannot be started. */
  async prepare(): Promise<void> {
    await this.#running()
  }

  /**
   * Runs a cell once those before it have ended, and resolves when it has ended too. A reader that leaves interrupts it; one that leaves
   * before its turn takes the cell with it.
   */
  async execute(cell: Cell, sink: ExecutionSink): Promise<void> {
    this.#waiting++
    const before = this.#queue
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#queue = promise
    try {
      await before
      this.#waiting--
      if (!sink.signal.aborted) await this.#run(cell, sink)
    } finally {
      resolve()
    }
  }

  /** Ends the kernel and what it runs, and starts a fresh one. */
  async restart(): Promise<void> {
    this.#stop('was restarted')
    this.#loss = undefined
    await this.#running()
  }

  /** Ends the kernel for good. */
  close(): void {
    this.#isClosed = true
    this.#stop('was removed')
  }

  async #run(cell: Cell, sink: ExecutionSink): Promise<void> {
    const sandboxEnv = await this.#newSandboxEnv(cell.accessToken)
    const execution = new Execution(sink, (caughtUp) => {
      this.#kernel?.setPaused(true)
      void caughtUp.then(() => this.#kernel?.setPaused(false))
    })
    let kernel: Kernel
    try {
      kernel = await this.#running()
    } catch (error) {
      const value = error instanceof Error ? error.message : String(error)
      execution.event({ type: 'error', name: 'KernelError', value, traceback: value })
      return
    }
    if (this.#loss !== undefined) {
      execution.print('stderr', `${this.#loss}\n`)
      this.#loss = undefined
    }
    const copies = this.#options.copyCount()
    const reseed = copies !== this.#knownCopies
    this.#knownCopies = copies
    const ended = this.#follow(kernel, execution)
    kernel.send({ code: cell.code, env: cell.env, sandboxEnv: sandboxEnv ?? {}, reseed })
    using _interrupter = this.#interruptWhenLeft(kernel, sink.signal)
    await ended
    kernel.setPaused(false)
  }

  /** Passes on all that the kernel does until the cell or the kernel has ended. */
  #follow(kernel: Kernel, execution: Execution): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    let hasStarted = false
    const takeEvent = (event: KernelEvent): void => {
      if (event.type === 'started') {
        hasStarted = true
        execution.count((this.#count = event.count ?? this.#count + 1))
      } else if (event.type === 'idle') end()
      else execution.event(event)
    }
    const end = (): void => {
      execution.finish()
      this.#watchIdle(kernel)
      resolve()
    }
    kernel.listener = {
      onOutput: (stream, chunk) => {
        // The two come by different pipes; the number of the execution is the first thing that a client reads.
        if (!hasStarted) kernel.drainEvents()
        execution.output(stream, chunk)
      },
      onEvent: takeEvent,
      onExit: (how) => {
        const value = this.#forget(kernel, how)
        execution.finish()
        execution.event({ type: 'error', name: 'KernelDied', value, traceback: value })
        resolve()
        this.#replace()
      },
    }
    return promise
  }

  /** Between cells: output of programs left running has no reader, and an exit is for the next execution to tell. */
  #watchIdle(kernel: Kernel): void {
    kernel.listener = {
      onOutput: () => undefined,
      onEvent: () => undefined,
      onExit: (how) => {
        this.#loss = this.#forget(kernel, how)
        this.#replace()
      },
    }
  }

  #interruptWhenLeft(kernel: Kernel, signal: AbortSignal): Disposable {
    let timer: NodeJS.Timeout | undefined
    const onAbort = (): void => {
      const leftAtMs = performance.now()
      kernel.setPaused(false)
      kernel.interrupt()
      timer = setInterval(() => {
        // State is thrown away only where somebody else needs the context.
        if (this.#waiting > 0 && performance.now() - leftAtMs >= GRACE_MS) kernel.kill()
        else kernel.interrupt()
      }, INTERRUPT_EVERY_MS)
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    return {
      [Symbol.dispose]: () => {
        clearInterval(timer)
        signal.removeEventListener('abort', onAbort)
      },
    }
  }

  async #newSandboxEnv(accessToken: string | undefined): Promise<Record<string, string> | undefined> {
    const isCopy = this.#options.copyCount() !== this.#knownCopies
    if (this.#hasSandboxEnv && !isCopy) return undefined
    const found = await this.#options.sandboxEnv(accessToken)
    this.#hasSandboxEnv = found !== undefined
    return found
  }

  #running(): Promise<Kernel> {
    if (this.#kernel !== undefined) return Promise.resolve(this.#kernel)
    this.#starting ??= this.#start().finally(() => (this.#starting = undefined))
    return this.#starting
  }

  async #start(): Promise<Kernel> {
    if (this.#isClosed) throw new Error('The context was removed')
    const kernel = await this.#options.startKernel()
    const { promise, resolve, reject } = Promise.withResolvers<Kernel>()
    let complaint = ''
    kernel.listener = {
      onOutput: (stream, chunk) => {
        if (stream === 'stderr') complaint = (complaint + chunk.toString('utf8')).slice(-2_000)
      },
      onEvent: (event) => event.type === 'ready' && resolve(kernel),
      onExit: (how) => reject(new Error(`The ${this.info.language} kernel ${how} before it was ready: ${complaint}`)),
    }
    const timer = setTimeout(() => kernel.kill(), START_TIMEOUT_MS)
    await promise.finally(() => clearTimeout(timer))
    if (this.#isClosed) {
      kernel.kill()
      throw new Error('The context was removed')
    }
    this.#kernel = kernel
    this.#count = 0
    this.#hasSandboxEnv = false
    this.#watchIdle(kernel)
    return kernel
  }

  #forget(kernel: Kernel, how: string): string {
    if (this.#kernel === kernel) this.#kernel = undefined
    return `The ${this.info.language} kernel ${how}. A fresh one takes its place: variables and imports are gone.`
  }

  /** Has a fresh kernel ready for the next execution. One that does not start is tried again, and told of, then. */
  #replace(): void {
    if (this.#isClosed) return
    this.#running().catch((error: unknown) => this.#options.log(`Cannot start context "${this.info.id}" again`, error))
  }

  #stop(how: string): void {
    const kernel = this.#kernel
    if (kernel === undefined) return
    this.#kernel = undefined
    // Whoever waits for a cell hears of it now; the kernel's own exit is then nobody's business.
    const { listener } = kernel
    kernel.listener = undefined
    kernel.kill()
    listener?.onExit(how)
  }
}
