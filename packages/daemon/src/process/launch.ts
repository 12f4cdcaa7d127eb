import { spawn, type ChildProcess } from 'node:child_process'
import { closeSync, rmSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { DrowseError } from '@drowse/protocol'
import { asUser } from './as-user.ts'
import type { LaunchRequest } from './launch-request.ts'
import type { InputPipeEnds, PipeEnds, PipePool } from './pipe-pool.ts'
import { StdinWriter } from './stdin-writer.ts'

/** A process that runs, and its ends of the pipes. Output streams are paused. */
export interface Launched {
  child: ChildProcess
  pid: number
  stdout: Readable
  stderr: Readable
  stdin: StdinWriter | undefined
}

/**
 * Starts a process as a user, in a session and process group of its own (both named by its pid).
 * Throws "invalid_argument" when the system refuses to run it.
 */
export async function launch(request: LaunchRequest, pipes: PipePool): Promise<Launched> {
  const invocation = asUser(request)
  let stdin: InputPipeEnds | undefined
  let stdout: PipeEnds | undefined
  let stderr: PipeEnds | undefined
  try {
    if (request.hasStdin) stdin = await pipes.takeInput()
    stdout = await pipes.takeOutput()
    stderr = await pipes.takeOutput()
    const child = spawn(invocation.file, invocation.args, {
      ...invocation.identity,
      argv0: invocation.argv0,
      cwd: request.cwd,
      env: request.env,
      // A group of its own is what a kill reaches: a shell and all it started.
      detached: true,
      stdio: [stdin?.read ?? (request.hasStdin ? 'pipe' : 'ignore'), stdout?.write ?? 'pipe', stderr?.write ?? 'pipe'],
    })
    if (child.pid === undefined) throw await spawnFailure(child)
    child.on('error', () => undefined)
    return {
      child,
      pid: child.pid,
      stdout: outputStream(stdout?.read, child.stdout),
      stderr: outputStream(stderr?.read, child.stderr),
      stdin: stdinWriter(stdin?.write, child, stdin?.path),
    }
  } catch (error) {
    closeAll(stdin?.write, stdout?.read, stderr?.read)
    if (stdin !== undefined) rmSync(stdin.path, { force: true })
    throw launchError(request.command, error)
  } finally {
    closeAll(stdin?.read, stdout?.write, stderr?.write)
  }
}

function closeAll(...descriptors: (number | undefined)[]): void {
  for (const descriptor of descriptors) if (descriptor !== undefined) closeSync(descriptor)
}

function outputStream(descriptor: number | undefined, fallback: Readable | null): Readable {
  if (descriptor !== undefined) return new Socket({ fd: descriptor, readable: true, writable: false })
  if (fallback === null) throw new DrowseError('internal', 'Cannot read output: the process has no pipe')
  return fallback
}

function stdinWriter(
  descriptor: number | undefined,
  child: ChildProcess,
  path: string | undefined,
): StdinWriter | undefined {
  if (descriptor !== undefined) {
    return new StdinWriter(new Socket({ fd: descriptor, readable: false, writable: true }), path)
  }
  return child.stdin === null ? undefined : new StdinWriter(child.stdin)
}

function spawnFailure(child: ChildProcess): Promise<Error> {
  return new Promise((resolve) => child.once('error', resolve))
}

function launchError(command: string, error: unknown): DrowseError {
  const reason = error instanceof Error ? error.message : String(error)
  return new DrowseError('invalid_argument', `Cannot start process "${command}": ${reason}`, { cause: error })
}
