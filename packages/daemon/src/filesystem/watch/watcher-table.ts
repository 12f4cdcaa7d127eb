import { randomBytes } from 'node:crypto'
import { DrowseError } from '@drowse/protocol'
import type { EntrySource } from '../entry-info.ts'
import { Inotify } from './inotify.ts'
import { openWatch, type OpenWatch, type WatchRequest } from './open-watch.ts'

/** Most watchers that are polled; one more takes the place of the one that was asked longest ago. */
const MAX_POLLED = 256

/** Every watch of the daemon: those that a stream reads and those that a client polls. */
export class WatcherTable implements Disposable {
  readonly #source: EntrySource
  readonly #inotify: Inotify
  readonly #streams = new Set<OpenWatch>()
  /** In the order in which they were last asked. */
  readonly #polled = new Map<string, OpenWatch>()

  constructor(source: EntrySource) {
    this.#source = source
    this.#inotify = new Inotify(source.calls)
  }

  /** Opens a watch for a stream; disposing it ends it. */
  async stream(request: WatchRequest): Promise<OpenWatch> {
    const watch = await openWatch(request, this.#inotify, this.#source)
    this.#streams.add(watch)
    return {
      queue: watch.queue,
      [Symbol.dispose]: () => {
        this.#streams.delete(watch)
        watch[Symbol.dispose]()
      },
    }
  }

  /** Opens a watch that is polled, and returns its id. */
  async create(request: WatchRequest): Promise<string> {
    const watch = await openWatch(request, this.#inotify, this.#source)
    const id = `w${randomBytes(10).toString('hex')}`
    this.#polled.set(id, watch)
    for (const oldest of this.#polled.keys()) {
      if (this.#polled.size <= MAX_POLLED) break
      this.remove(oldest)
    }
    return id
  }

  /** The watch of an id. Throws "not_found". */
  get(id: string): OpenWatch {
    const watch = this.#polled.get(id)
    if (watch === undefined) throw new DrowseError('not_found', `watcher with id ${id} not found`)
    this.#polled.delete(id)
    this.#polled.set(id, watch)
    return watch
  }

  /** Ends a polled watch. Throws "not_found". */
  remove(id: string): void {
    this.get(id)[Symbol.dispose]()
    this.#polled.delete(id)
  }

  /** Ends the watches of all streams: their clients are gone. Polled ones go on. */
  dropStreams(reason: string): void {
    for (const watch of this.#streams) watch.queue.fail(reason)
  }

  /** Ends every watch. */
  [Symbol.dispose](): void {
    this.dropStreams('the daemon ends')
    for (const watch of this.#streams) watch[Symbol.dispose]()
    for (const id of this.#polled.keys()) this.remove(id)
  }
}
