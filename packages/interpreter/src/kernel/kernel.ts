import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import { constants } from 'node:os'
import type { Log } from '../log.ts'
import type { KernelCommand, KernelEvent } from './kernel-event.ts'
import type { KernelProgram } from './kernel-program.ts'
import { LineSplitter } from './line-splitter.ts'
import { OutputPipe } from './output-pipe.ts'
import { makeKernelPipes, type KernelPipes } from './pipes.ts'

/** What a kernel tells its owner, in the order in which it happened. */
export interface KernelListener {
  onOutput(stream: 'stdout' | 'stderr', chunk: Buffer): void
  onEvent(event: KernelEvent): void
  /** Called once, after all output. `how` is a phrase such as `was ended by SIGKILL`. */
  onExit(how: string): void
}

/** How to start a kernel. */
export interface KernelOptions {
  program: KernelProgram
  cwd: string
  env: Readonly<Record<string, string>>
  log: Log
}

/** A process that runs cells, in a process group of its own. Cells go one at a time. */
export class Kernel {
  /** Its owner; what comes while there is none is dropped. */
  listener: KernelListener | undefined
  readonly #pid: number
  readonly #program: KernelProgram
  readonly #commands: Socket
  readonly #pipes: OutputPipe[]
  readonly #stdout: OutputPipe
  readonly #stderr: OutputPipe
  readonly #events: OutputPipe
  #isPaused = false
  #hasExited = false

  private constructor(program: KernelProgram, child: ChildProcess, pid: number, pipes: KernelPipes, log: Log) {
    this.#pid = pid
    this.#program = program
    this.#stdout = new OutputPipe(pipes.stdout.ours, (chunk) => this.listener?.onOutput('stdout', chunk))
    this.#stderr = new OutputPipe(pipes.stderr.ours, (chunk) => this.listener?.onOutput('stderr', chunk))
    const lines = new LineSplitter()
    this.#events = new OutputPipe(pipes.events.ours, (chunk) => {
      for (const line of lines.push(chunk)) this.#takeEvent(line, log)
    })
    this.#pipes = [this.#stdout, this.#stderr, this.#events]
    this.#commands = new Socket({ fd: pipes.commands.ours, readable: false, writable: true })
    // A kernel that is gone is seen by its exit.
    this.#commands.on('error', () => undefined)
    child.once('exit', (code, signal) =>
      this.#takeExit(signal === null ? `exited with status ${code}` : `was ended by ${signal}`),
    )
  }

  /** Starts the process. Its `ready` event comes later. Throws when the program cannot be run. */
  static async start({ program, cwd, env, log }: KernelOptions): Promise<Kernel> {
    const pipes = await makeKernelPipes()
    const child = spawn(program.file, program.args, {
      cwd,
      env: { ...env, ...program.env },
      // A group of its own is what an interrupt reaches: the kernel and the programs that a cell runs.
      detached: true,
      stdio: [
        program.commandsOn === 0 ? pipes.commands.theirs : 'ignore',
        pipes.stdout.theirs,
        pipes.stderr.theirs,
        program.commandsOn === 3 ? pipes.commands.theirs : 'ignore',
        pipes.events.theirs,
      ],
    })
    for (const { theirs } of Object.values(pipes)) closeSync(theirs)
    if (child.pid === undefined) {
      for (const { ours } of Object.values(pipes)) closeSync(ours)
      throw await new Promise<Error>((resolve) => child.once('error', resolve))
    }
    child.on('error', () => undefined)
    return new Kernel(program, child, child.pid, pipes, log)
  }

  /** Hands a cell over. */
  send(command: KernelCommand): void {
    this.#commands.write(this.#program.encode(command))
  }

  /** Takes the events that have come and not been read yet. */
  drainEvents(): void {
    this.#events.drain()
  }

  /** Stops or goes on reading what the kernel writes; a kernel whose pipes are full waits. */
  setPaused(isPaused: boolean): void {
    if (this.#isPaused === isPaused) return
    this.#isPaused = isPaused
    for (const pipe of this.#pipes) {
      if (isPaused) pipe.pause()
      else pipe.resume()
    }
  }

  /** Interrupts the cell that runs, and the programs that it started. */
  interrupt(): void {
    this.#signal(constants.signals.SIGINT)
  }

  /** Ends the process and all of its group. */
  kill(): void {
    this.#signal(constants.signals.SIGKILL)
  }

  #signal(signal: number): void {
    if (this.#hasExited) return
    try {
      process.kill(-this.#pid, signal)
    } catch {
      // None of the group is left, which the exit of the kernel tells.
    }
  }

  #takeEvent(line: string, log: Log): void {
    let event: KernelEvent
    try {
      event = JSON.parse(line) as KernelEvent // Our own kernels write nothing else.
    } catch (error) {
      log(`Kernel ${this.#pid} said "${line.slice(0, 200)}"`, error)
      return
    }
    // What was printed before an event comes before it; a cell that begins has printed nothing.
    if (event.type !== 'started') {
      this.#stdout.drain()
      this.#stderr.drain()
    }
    this.listener?.onEvent(event)
  }

  #takeExit(how: string): void {
    for (const pipe of this.#pipes) pipe.drain()
    // Programs that a cell left running hold the pipes and belong to a context that is no more.
    this.kill()
    this.#hasExited = true
    for (const pipe of this.#pipes) pipe.close()
    this.#commands.destroy()
    this.listener?.onExit(how)
  }
}
