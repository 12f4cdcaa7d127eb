import { rm } from 'node:fs/promises'
import { DrowseError } from '@drowse/protocol'
import { fsError } from './fs-error.ts'

/** `Remove`: deletes a file or a whole directory; a link is removed, not followed. One that is missing is fine. */
export async function remove(path: string): Promise<void> {
  if (path === '/') throw new DrowseError('invalid_argument', 'Cannot remove "/": it is the root')
  try {
    await rm(path, { recursive: true, force: true })
  } catch (error) {
    throw fsError(error, 'remove', path)
  }
}
