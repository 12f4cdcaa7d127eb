import { randomBytes } from 'node:crypto'
import { readdir, rename, rmdir, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { ensureDirectory, exec, isNoEntry, syncDirectory } from '@drowse/common'
import type { BackgroundWork } from './background-work.ts'

/** Longest time, in ms, that one deletion may take: a root with millions of files on a slow disk. */
const DELETE_TIMEOUT_MS = 15 * 60_000
/** Most files in a folder that is deleted by this process itself. */
const FEW_FILES = 16

/** Removes folders at once by a rename; the files go behind, or at the next start. */
export class Trash {
  readonly #directory: string
  readonly #background: BackgroundWork

  constructor(options: { directory: string; background: BackgroundWork }) {
    this.#directory = options.directory
    this.#background = options.background
  }

  /** Takes `path` away; fine when it does not exist. Give it no folder with something mounted inside. */
  async discard(path: string): Promise<void> {
    const name = `${basename(path)}-${randomBytes(6).toString('hex')}`
    try {
      await rename(path, join(this.#directory, name))
    } catch (error) {
      if (isNoEntry(error)) return
      throw error
    }
    this.#deleteBehind(name)
  }

  /** As {@link discard}; when it resolves a power loss does not bring `path` back. */
  async discardDurably(path: string): Promise<void> {
    await this.discard(path)
    await syncDirectory(dirname(path))
  }

  /** Makes the folder and deletes what an earlier run left in it, behind. */
  async open(): Promise<void> {
    await ensureDirectory(this.#directory)
    for (const name of await readdir(this.#directory)) this.#deleteBehind(name)
  }

  #deleteBehind(name: string): void {
    const path = join(this.#directory, name)
    void this.#background.start(path, `delete "${path}"`, async () => {
      if (await deleteFlat(path)) return
      // Not by Node's own rm: its thousands of calls would crowd the four threads that manifests are written on.
      await exec('rm', ['-rf', '--one-file-system', path], { timeoutMs: DELETE_TIMEOUT_MS })
    })
  }
}

/** Deletes a folder of a few files, as saved memory is, and says so: to start a process would hold this one up for 3 ms and more, just after a wake. */
async function deleteFlat(path: string): Promise<boolean> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  if (entries.length === 0 || entries.length > FEW_FILES || entries.some((entry) => entry.isDirectory())) return false
  for (const { name } of entries) await unlink(join(path, name))
  await rmdir(path)
  return true
}
