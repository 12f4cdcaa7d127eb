import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, openSync, closeSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pollUntil } from '@drowse/common'
import type { Installation } from '../../platform/support/drowse.ts'

const SCRIPT = join(import.meta.dirname, '..', '..', '..', 'drowse')

/** A service that a test started by `drowse serve`, with settings of its own. */
export interface TestService {
  /** Process id of the service itself. */
  pid: number
  /** Resolves when it has ended, whatever the reason. */
  ended: Promise<void>
  /** Ends it as `drowse down` does. */
  stop(): Promise<void>
}

/** Starts `drowse serve` and resolves when it answers, or when it has ended (a step to stop at can be part of its start). */
export async function startService(
  { data, env }: Installation,
  settings: Readonly<Record<string, string>> = {},
): Promise<TestService> {
  const log = openSync(join(data, 'logs', 'service.log'), 'a')
  const child = spawn(SCRIPT, ['serve'], {
    env: { PATH: process.env.PATH, HOME: '/root', ...env, ...settings },
    stdio: ['ignore', log, log],
    detached: true,
  })
  closeSync(log)
  const ended = endOf(child)
  let isOver = false
  void ended.then(() => (isOver = true))
  const pid = await pollUntil(
    async () => {
      if (isOver) return 0
      const found = servicePid(data)
      if (found === undefined || !isChildOf(found, child.pid ?? 0)) return undefined
      return (await answers(env)) ? found : undefined
    },
    { intervalMs: 20, maxIntervalMs: 100, signal: AbortSignal.timeout(60_000) },
  )
  return {
    pid,
    ended,
    stop: async () => {
      if (!isOver) child.kill('SIGTERM')
      await ended
    },
  }
}

async function endOf(child: ChildProcess): Promise<void> {
  await new Promise<void>((resolve) => {
    child.on('exit', () => resolve())
    child.on('error', () => resolve())
  })
}

function servicePid(data: string): number | undefined {
  const path = join(data, 'run', 'service.json')
  if (!existsSync(path)) return undefined
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { pid: number }).pid
  } catch {
    return undefined // being written
  }
}

function isChildOf(pid: number, parent: number): boolean {
  try {
    return new RegExp(`^PPid:\\s*${parent}$`, 'm').test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false // the record is of an earlier service
  }
}

async function answers(env: Readonly<Record<string, string>>): Promise<boolean> {
  try {
    return (await fetch(`http://127.0.0.1:${env['DROWSE_HTTP_PORT']}/health`)).ok
  } catch {
    return false
  }
}
