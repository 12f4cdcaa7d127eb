import { execFile } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { systemCode } from '../filesystem/fs-error.ts'
import type { Log } from '../log.ts'

/** Both ends of a pipe, as file descriptors of this process. */
export interface PipeEnds {
  read: number
  write: number
}

/** A pipe for a process's input; `path` names it until the caller removes it. */
export interface InputPipeEnds extends PipeEnds {
  path: string
}

/** How many pipes one run of mkfifo makes, and at how few left the next run starts. */
const BATCH = 96
const LOW_WATER = 24

/**
 * Gives out pipes for the stdio of processes.
 *
 * Node connects children by socket pairs. With those `echo x > /dev/stderr` fails (a socket cannot be opened by name) and bash
 * with a socket as stdin takes itself for rshd. Node cannot call pipe(2), but it can open FIFOs, which mkfifo makes in batches
 * ahead of need, so that no command waits for it. Mode 0666 lets any user reopen its own /dev/stdout, which not even an
 * anonymous pipe of root's would; strangers are kept out by the folder (0700) and by the names being removed once open.
 *
 * An image without mkfifo gets no pipes: `take…` then gives `undefined` and the caller falls back to socket pairs.
 */
export class PipePool {
  readonly #parents: readonly string[]
  readonly #log: Log
  #directory: string | undefined
  #names: string[] = []
  #made = 0
  #refill: Promise<void> | undefined
  #isUnusable = false

  /** `parents` are folders to make the pool's own folder in, the first that allows it wins. */
  constructor(parents: readonly string[], log: Log) {
    this.#parents = parents
    this.#log = log
  }

  /** Makes the first batch, so that later calls find pipes ready. */
  async prepare(): Promise<void> {
    if (this.#names.length < LOW_WATER && !this.#isUnusable) {
      this.#refill ??= this.#makeBatch().finally(() => (this.#refill = undefined))
      await this.#refill
    }
  }

  /** A pipe whose read end does not block; nobody else can open it. */
  async takeOutput(): Promise<PipeEnds | undefined> {
    return this.#take((path) => {
      const read = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
      const write = openOrClose(path, constants.O_WRONLY, [read])
      unlinkSync(path)
      return { read, write }
    })
  }

  /** A pipe whose write end does not block. It keeps its name. */
  async takeInput(): Promise<InputPipeEnds | undefined> {
    return this.#take((path) => {
      // Opening for reading only waits for a writer, so a first descriptor is both.
      const both = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
      const read = openOrClose(path, constants.O_RDONLY, [both])
      const write = openOrClose(path, constants.O_WRONLY | constants.O_NONBLOCK, [both, read])
      closeSync(both)
      return { path, read, write }
    })
  }

  /** Removes the pool's folder. Pipes given out stay usable. */
  [Symbol.dispose](): void {
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true })
    this.#directory = undefined
    this.#names = []
    this.#isUnusable = true
  }

  async #take<T>(open: (path: string) => T): Promise<T | undefined> {
    // A second try is for a folder that somebody emptied: its names are forgotten and made anew.
    for (let attempt = 0; attempt < 2; attempt++) {
      if (this.#names.length === 0) await this.prepare()
      const path = this.#names.pop()
      if (path === undefined) return undefined
      if (this.#names.length < LOW_WATER) void this.prepare()
      try {
        return open(path)
      } catch (error) {
        if (systemCode(error) !== 'ENOENT') throw error
        this.#log(`Cannot open pipe "${path}"`, error)
        this.#names = []
        this.#directory = undefined
      }
    }
    return undefined
  }

  async #makeBatch(): Promise<void> {
    try {
      this.#directory ??= makeDirectory(this.#parents)
      const directory = this.#directory
      const paths = Array.from({ length: BATCH }, () => join(directory, String(this.#made++)))
      await promisify(execFile)('mkfifo', ['-m', '666', ...paths], { timeout: 30_000 })
      if (this.#directory === directory) this.#names.push(...paths)
    } catch (error) {
      this.#isUnusable = true
      this.#log('Cannot make pipes with mkfifo; processes get socket pairs', error)
    }
  }
}

function openOrClose(path: string, flags: number, openDescriptors: readonly number[]): number {
  try {
    return openSync(path, flags)
  } catch (error) {
    for (const descriptor of openDescriptors) closeSync(descriptor)
    throw error
  }
}

function makeDirectory(parents: readonly string[]): string {
  let lastError: unknown
  for (const parent of parents) {
    try {
      return mkdtempSync(join(parent, '.drowse-pipes-'))
    } catch (error) {
      lastError = error
    }
  }
  throw lastError
}
