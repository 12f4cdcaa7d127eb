import { realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DrowseError, EventType, type EntryInfo } from '@drowse/protocol'
import { entryDescriber, type EntrySource } from '../entry-info.ts'
import { fsError } from '../fs-error.ts'
import { isOnNetworkMount, readMounts } from '../mount-table.ts'
import { DirectoryWatch } from './directory-watch.ts'
import { EventQueue } from './event-queue.ts'
import type { Inotify } from './inotify.ts'

/** What a client asks to watch. */
export interface WatchRequest {
  /** Absolute path of a directory. */
  path: string
  recursive: boolean
  includeEntry: boolean
  /** Watch even where changes made elsewhere are not told. */
  allowNetworkMounts: boolean
}

/** A watch that collects events until it is disposed. */
export interface OpenWatch extends Disposable {
  queue: EventQueue
}

/** Events after which there is an entry to describe. */
const WITH_ENTRY: ReadonlySet<EventType> = new Set([EventType.CREATE, EventType.WRITE, EventType.CHMOD])

/** Begins to watch. Throws "not_found", or "invalid_argument" for what is no directory and for network mounts that were not allowed. */
export async function openWatch(request: WatchRequest, inotify: Inotify, source: EntrySource): Promise<OpenWatch> {
  const { path, recursive, includeEntry } = request
  await checkPath(request)
  const queue = new EventQueue()
  const entryOf = async (name: string): Promise<EntryInfo | undefined> => {
    try {
      return await entryDescriber(source)(join(path, name))
    } catch {
      return undefined
    }
  }
  try {
    const watch = new DirectoryWatch({
      inotify,
      root: path,
      isRecursive: recursive,
      onEvent: (name, type) =>
        queue.push({
          name: name === '' ? '.' : name,
          type,
          entry: includeEntry && WITH_ENTRY.has(type) ? entryOf(name) : undefined,
        }),
      onLost: (reason) => queue.fail(reason),
    })
    return { queue, [Symbol.dispose]: () => watch[Symbol.dispose]() }
  } catch (error) {
    throw fsError(error, 'watch', path)
  }
}

async function checkPath({ path, allowNetworkMounts }: WatchRequest): Promise<void> {
  const real = await realpath(path).catch(() => {
    throw new DrowseError('not_found', `path ${path} not found`)
  })
  if (!(await stat(real)).isDirectory()) throw new DrowseError('invalid_argument', `path ${path} not a directory`)
  if (!allowNetworkMounts && isOnNetworkMount(readMounts(), real)) {
    throw new DrowseError('invalid_argument', `cannot watch path on network filesystem: ${path}`)
  }
}
