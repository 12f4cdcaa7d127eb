import { existsSync } from 'node:fs'
import { readdir, readFile, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDirectory, pollUntil, writeFileAtomic } from '@drowse/common'
import { instanceName } from '@drowse/node'
import { acquireLock } from './setup-lock.ts'

/** Longest time, in ms, that another installation may take for its turn, which is a few small files. */
const TURN_MS = 10_000

/** The installations that share a host's settings, during one turn: nobody joins or leaves beside it. */
export interface SharedUse extends AsyncDisposable {
  /** Data folders of those that joined, but for `root`. One whose folder is gone has left. */
  others(root: string): Promise<string[]>
  join(root: string): Promise<void>
  leave(root: string): Promise<void>
}

/** Begins a turn. Throws "setup_failed" when another one does not end. */
export async function openSharedUse(directory: string): Promise<SharedUse> {
  const lock = await takeTurn(directory)
  const users = join(directory, 'installations')
  const fileOf = (root: string): string => join(users, instanceName(root))
  return {
    async others(root) {
      await ensureDirectory(users, 0o700)
      const files = (await readdir(users)).map((name) => join(users, name)).filter((file) => file !== fileOf(root))
      const roots = await Promise.all(files.map((file) => readFile(file, 'utf8')))
      return roots.filter((other) => existsSync(other))
    },
    async join(root) {
      await ensureDirectory(users, 0o700)
      await writeFileAtomic(fileOf(root), root)
    },
    leave: (root) => rm(fileOf(root), { force: true }),
    async [Symbol.asyncDispose]() {
      await lock[Symbol.asyncDispose]()
      for (const empty of [users, directory]) await rmdir(empty).catch(() => undefined) // one that is not empty stays
    },
  }
}

async function takeTurn(directory: string): Promise<AsyncDisposable> {
  const signal = AbortSignal.timeout(TURN_MS)
  const attempt = async (): Promise<AsyncDisposable | undefined> => {
    try {
      return await acquireLock(directory, 'host.lock')
    } catch (error) {
      if (signal.aborted) throw error
      return undefined
    }
  }
  return await pollUntil(attempt, { intervalMs: 20, maxIntervalMs: 200, signal })
}
