import { accessSync, constants, statSync } from 'node:fs'
import { join } from 'node:path'

/** Folders of system programs that the PATH of a plain `su` lacks. */
const SYSTEM_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/local/bin', '/usr/bin', '/bin']

/** Every program called `name` in the folders of `path` and the system's own, first match first. */
export function findOnPath(name: string, path: string | undefined): string[] {
  const folders = new Set([...(path ?? '').split(':').filter((folder) => folder.startsWith('/')), ...SYSTEM_FOLDERS])
  return [...folders].map((folder) => join(folder, name)).filter(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false // not there, or not ours to run
  }
}
