import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDirectory } from '@drowse/common'
import { z } from 'zod'
import { setupError } from '../setup-error.ts'
import { processStartTime } from './process-identity.ts'
import { readJsonFile } from './read-json-file.ts'

const ownerSchema = z.object({ pid: z.int(), startTime: z.number() })

/**
 * Keeps a second setup off the same data folder until disposed. A lock whose owner has ended is taken over.
 * Throws "setup_failed" with the owner's pid when one is at work.
 */
export async function acquireSetupLock(root: string): Promise<AsyncDisposable> {
  return await acquireLock(root, 'setup.lock')
}

/** As {@link acquireSetupLock}, for work that goes on beside a setup. `name` is the lock's file in the folder. */
export async function acquireLock(root: string, name: string): Promise<AsyncDisposable> {
  await ensureDirectory(root, 0o711)
  const path = join(root, name)
  const mine = JSON.stringify({ pid: process.pid, startTime: await processStartTime(process.pid) })
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      await writeFile(path, mine, { flag: 'wx', mode: 0o600 })
      return { [Symbol.asyncDispose]: () => rm(path, { force: true }) }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      const owner = await readOwner(path)
      if (owner !== undefined) {
        throw setupError(`Cannot set up "${root}": another drowse command (pid ${owner}) is at work on it`, {
          hint: 'Wait for it to end, then run this again.',
        })
      }
      await rm(path, { force: true })
    }
  }
  throw setupError(`Cannot set up "${root}": another drowse command has just begun`, { hint: 'Run this again.' })
}

async function readOwner(path: string): Promise<number | undefined> {
  const parsed = ownerSchema.safeParse(await readJsonFile(path))
  if (!parsed.success) return undefined
  return (await processStartTime(parsed.data.pid)) === parsed.data.startTime ? parsed.data.pid : undefined
}
