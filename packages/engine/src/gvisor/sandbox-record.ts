import { readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const SUFFIX = '.drowse.json'

const recordSchema = z.object({ directory: z.string(), slot: z.number(), hasEgress: z.boolean().optional() })

/** What destroy has to know of a sandbox that runsc's own files do not tell. Written before anything else is made. */
export interface SandboxRecord {
  /** The sandbox's folder, with symbolic links resolved. */
  directory: string
  slot: number
  /** Rules for outgoing traffic are, or are about to be, in the kernel. */
  hasEgress?: boolean | undefined
}

/**
 * Writes the record of `id`; whole or not at all when this process ends meanwhile. It is not forced to the disk: all that it speaks
 * of (mount, link, processes) goes with the machine's power too, and the two syncs are on the path of every wake.
 */
export async function writeSandboxRecord(stateDirectory: string, id: string, record: SandboxRecord): Promise<void> {
  const path = recordPath(stateDirectory, id)
  await writeFile(`${path}.tmp`, JSON.stringify(record), { mode: 0o600 })
  await rename(`${path}.tmp`, path)
}

/** Reads the record of `id`; `undefined` when there is none. */
export async function findSandboxRecord(stateDirectory: string, id: string): Promise<SandboxRecord | undefined> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(recordPath(stateDirectory, id), 'utf8')))
  } catch {
    return undefined
  }
}

/** Removes the record of `id`; the last step of destroy. Idempotent. */
export async function removeSandboxRecord(stateDirectory: string, id: string): Promise<void> {
  const path = recordPath(stateDirectory, id)
  await rm(`${path}.tmp`, { force: true })
  await rm(path, { force: true })
}

/** Ids that have a record. */
export async function listRecordIds(stateDirectory: string): Promise<string[]> {
  const names = await readdir(stateDirectory)
  return names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length))
}

function recordPath(stateDirectory: string, id: string): string {
  return join(stateDirectory, `${id}${SUFFIX}`)
}
