import { execFile } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** Folders that may hold the pipes, best first: memory file systems are quickest. */
const PARENTS = ['/dev/shm', '/tmp', '/run', '/']
const NAMES = ['stdout', 'stderr', 'commands', 'events'] as const

/** One pipe: the end that stays here does not block, the kernel's end does. */
export interface KernelPipe {
  ours: number
  theirs: number
}

/** The pipes of one kernel; whoever takes them closes the descriptors. */
export type KernelPipes = Record<(typeof NAMES)[number], KernelPipe>

/**
 * Makes the pipes of a kernel. They are FIFOs, since Node connects children by sockets, and a socket as stdout makes
 * `echo x > /dev/stdout` fail in the shell. Their names are gone when this returns.
 */
export async function makeKernelPipes(): Promise<KernelPipes> {
  const directory = makeDirectory()
  const opened: number[] = []
  try {
    await promisify(execFile)('mkfifo', ['-m', '666', ...NAMES.map((name) => join(directory, name))], {
      timeout: 30_000,
    })
    const pipe = (name: string, isOutput: boolean): KernelPipe => {
      const path = join(directory, name)
      // Opening one end alone waits for the other, so a first descriptor is both.
      const both = openSync(path, constants.O_RDWR | constants.O_NONBLOCK)
      const mode = (reads: boolean): number => (reads ? constants.O_RDONLY : constants.O_WRONLY)
      try {
        const ours = openSync(path, mode(isOutput) | constants.O_NONBLOCK)
        opened.push(ours)
        const theirs = openSync(path, mode(!isOutput))
        opened.push(theirs)
        return { ours, theirs }
      } finally {
        closeSync(both)
      }
    }
    return {
      stdout: pipe('stdout', true),
      stderr: pipe('stderr', true),
      commands: pipe('commands', false),
      events: pipe('events', true),
    }
  } catch (error) {
    for (const descriptor of opened) closeSync(descriptor)
    throw error
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function makeDirectory(): string {
  let lastError: unknown
  for (const parent of PARENTS) {
    try {
      return mkdtempSync(join(parent, '.drowse-kernel-'))
    } catch (error) {
      lastError = error
    }
  }
  throw lastError
}
