import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readProcessStat, writeFileAtomic } from '@drowse/common'
import type { DataFolder } from '@drowse/node'
import { DrowseError } from '@drowse/protocol'
import { z } from 'zod'

const schema = z.object({ pid: z.int().positive(), startTime: z.number() })

/** Ports that a service listens on. */
export interface ServicePorts {
  httpPort: number
  httpsPort: number
  /** Absent when there is no SSH door. */
  sshPort?: number
}

/** Throws "setup_failed" when another process serves this data folder: two of them would undo each other's work. */
export async function refuseSecondService(folder: DataFolder): Promise<void> {
  const parsed = schema.safeParse(await readRecord(folder))
  if (!parsed.success || parsed.data.pid === process.pid) return
  if ((await readProcessStat(parsed.data.pid))?.startTime !== parsed.data.startTime) return
  throw new DrowseError(
    'setup_failed',
    `Cannot start: process ${parsed.data.pid} serves "${folder.root}" already; stop it with "drowse down" first`,
  )
}

/** Writes `run/service.json`: which process serves the data folder, and where it listens. */
export async function writeServiceRecord(folder: DataFolder, ports: ServicePorts): Promise<void> {
  const record = {
    pid: process.pid,
    startTime: (await readProcessStat(process.pid))?.startTime,
    httpPort: ports.httpPort,
    httpsPort: ports.httpsPort,
    ...(ports.sshPort === undefined ? {} : { sshPort: ports.sshPort }),
    startedAt: new Date().toISOString(),
  }
  await writeFileAtomic(recordPath(folder), `${JSON.stringify(record)}\n`, 0o644)
}

/** Removes `run/service.json`. Idempotent. */
export async function removeServiceRecord(folder: DataFolder): Promise<void> {
  await rm(recordPath(folder), { force: true })
}

function recordPath(folder: DataFolder): string {
  return join(folder.run, 'service.json')
}

async function readRecord(folder: DataFolder): Promise<unknown> {
  try {
    return JSON.parse(await readFile(recordPath(folder), 'utf8'))
  } catch {
    return undefined // none, or torn by hand: then nobody can say that it runs
  }
}
