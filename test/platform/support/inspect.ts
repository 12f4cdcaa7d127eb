import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pollUntil } from '@drowse/common'
import type { Installation } from './drowse.ts'

/** What these tests read of `GET /sandboxes/<id>`; `drowse` holds what clients do not know of. */
export interface SandboxDetail {
  state: 'running' | 'paused'
  endAt: string
  pauseMode?: string
  drowse: { tier?: 'frozen' | 'disk' | 'files'; coldReason?: string; openConnections: number }
}

/** Reads the whole answer of the API for one sandbox. Throws when it is not 200. */
export async function detailOf(id: string): Promise<SandboxDetail> {
  const response = await api(`/sandboxes/${id}`)
  if (!response.ok) throw new Error(`GET of ${id} was answered with ${response.status}`)
  return (await response.json()) as SandboxDetail
}

/** One call of the API with the installation's key. */
export async function api(path: string, init: { method?: string; body?: unknown; key?: string } = {}) {
  const { E2B_API_URL: url = '', E2B_API_KEY: ownKey = '' } = process.env
  return await fetch(url + path, {
    method: init.method ?? 'GET',
    headers: {
      'X-API-KEY': init.key ?? ownKey,
      ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
  })
}

/** Ids of the runsc processes of a sandbox: those whose arguments name this installation's state folder and the sandbox. */
export function engineProcesses({ data }: Installation, id: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
        return args.includes(`--root=${join(data, 'runsc')}`) && args.includes(id)
      } catch {
        return false // it ended between the listing and the read
      }
    })
    .map(Number)
}

/** Ends the engine of one sandbox as a crash would: SIGKILL to all its runsc processes. */
export function killEngine(installation: Installation, id: string): void {
  const pids = engineProcesses(installation, id)
  if (pids.length === 0) throw new Error(`sandbox ${id} has no engine process`)
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // the sandbox's end took it along
    }
  }
}

/** Makes a paused, frozen sandbox fall to disk by ending its processes, which an answered pause has to survive. */
export async function dropToDisk(installation: Installation, id: string): Promise<void> {
  if ((await detailOf(id)).drowse.tier === 'frozen') killEngine(installation, id)
  await pollUntil(async () => ((await detailOf(id)).drowse.tier === 'disk' ? true : undefined), {
    intervalMs: 20,
    maxIntervalMs: 200,
    signal: AbortSignal.timeout(30_000),
  })
}

/** The entries of the service's log about one sandbox. */
export function logOf({ data }: Installation, id: string): Record<string, unknown>[] {
  return readFileSync(join(data, 'logs', 'service.log'), 'utf8')
    .split('\n')
    .filter((line) => line.includes(id) && line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}
