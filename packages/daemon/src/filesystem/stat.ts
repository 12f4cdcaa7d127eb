import type { EntryInfo } from '@drowse/protocol'
import { entryDescriber, type EntrySource } from './entry-info.ts'
import { fsError } from './fs-error.ts'

/** `Stat`: describes what is at `path`. Throws "not_found". */
export async function statPath(path: string, source: EntrySource): Promise<EntryInfo> {
  try {
    return await entryDescriber(source)(path)
  } catch (error) {
    throw fsError(error, 'stat', path)
  }
}
