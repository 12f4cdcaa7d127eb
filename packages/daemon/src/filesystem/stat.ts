import type { EntryInfo } from '@drowse/protocol'
import type { UserDatabase } from '../users/user-database.ts'
import { entryInfo } from './entry-info.ts'
import { fsError } from './fs-error.ts'

/** `Stat`: describes what is at `path`. Throws "not_found". */
export async function statPath(path: string, users: UserDatabase): Promise<EntryInfo> {
  try {
    return await entryInfo(path, users)
  } catch (error) {
    throw fsError(error, 'stat', path)
  }
}
