import { resolve } from 'node:path'
import { DrowseError } from '@drowse/protocol'
import type { User } from './user-database.ts'

/**
 * The absolute, normalised path that `path` means for a user: `~` is the home, relative paths start there, and an empty one is
 * `workdir` (default the home). Throws "invalid_argument" for a NUL byte or another user's `~name`.
 */
export function resolvePath(path: string, user: User, workdir?: string): string {
  if (path.includes('\0'))
    throw new DrowseError('invalid_argument', `Cannot use path "${printable(path)}": it has a NUL byte`)
  const asked = path === '' ? (workdir ?? '') : path
  if (asked === '~' || asked.startsWith('~/')) return resolve(user.home, asked.slice(2))
  if (asked.startsWith('~')) {
    throw new DrowseError('invalid_argument', `Cannot expand path "${asked}": only "~" of the calling user is known`)
  }
  return resolve(user.home, asked)
}

function printable(path: string): string {
  return path.replaceAll('\0', '\\0')
}
