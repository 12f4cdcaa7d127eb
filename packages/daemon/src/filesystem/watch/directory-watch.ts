import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { EventType } from '@drowse/protocol'
import { systemCode } from '../fs-error.ts'
import type { Inotify, InotifySink } from './inotify.ts'
import { eventType, IN, type InotifyEvent } from './inotify-event.ts'

/** Most directories of one recursive watch. */
const MAX_DIRECTORIES = 65_536

/** What a {@link DirectoryWatch} is made with. */
export interface DirectoryWatchOptions {
  inotify: Inotify
  /** Absolute path of the directory. */
  root: string
  isRecursive: boolean
  /** Told of each event; `name` is relative to `root`. */
  onEvent: (name: string, type: EventType) => void
  /** Told once that events were lost; none follow. */
  onLost: (reason: string) => void
}

/**
 * Watches a directory, or a whole tree. A directory that appears in a tree is watched too, and what it holds by then is told as created;
 * something made at that very moment may be told twice.
 */
export class DirectoryWatch implements InotifySink, Disposable {
  readonly #options: DirectoryWatchOptions
  /** Paths relative to the root, by number of watch. */
  readonly #paths = new Map<number, string>()
  #isOver = false

  /** Throws the system's error when the root cannot be watched. */
  constructor(options: DirectoryWatchOptions) {
    this.#options = options
    this.#paths.set(options.inotify.add(options.root, this), '')
    if (options.isRecursive) this.#addChildren('', false)
  }

  onEvent(event: InotifyEvent): void {
    const directory = this.#paths.get(event.watch)
    if (directory === undefined || this.#isOver) return
    if ((event.mask & IN.IGNORED) !== 0) return void this.#paths.delete(event.watch)
    // A directory inside the tree is told of by the one that holds it.
    if (event.name === '' && directory !== '') return
    const name = join(directory, event.name)
    const type = eventType(event.mask)
    if (type !== undefined) this.#options.onEvent(name, type)
    if (!this.#options.isRecursive || event.name === '' || (event.mask & IN.ISDIR) === 0) return
    if ((event.mask & IN.MOVED_FROM) !== 0) this.#removeTree(name)
    if ((event.mask & (IN.CREATE | IN.MOVED_TO)) !== 0) this.#addTree(name, true)
  }

  onOverflow(): void {
    this.#lose('the queue of events was full')
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    for (const watch of this.#paths.keys()) this.#options.inotify.remove(watch, this)
    this.#paths.clear()
  }

  #addTree(name: string, isNew: boolean): void {
    if (this.#isOver) return
    if (this.#paths.size >= MAX_DIRECTORIES) return this.#lose(`the tree has more than ${MAX_DIRECTORIES} directories`)
    const { inotify, root } = this.#options
    try {
      this.#paths.set(inotify.add(join(root, name), this), name)
    } catch (error) {
      // It is gone or replaced already, or may not be read; any other reason means that events would be missed.
      if (!['ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP'].includes(systemCode(error) ?? '')) this.#lose(String(error))
      return
    }
    this.#addChildren(name, isNew)
  }

  #addChildren(directory: string, isNew: boolean): void {
    for (const child of this.#list(directory)) {
      const name = join(directory, child.name)
      if (isNew && !this.#isOver) this.#options.onEvent(name, EventType.CREATE)
      if (child.isDirectory()) this.#addTree(name, isNew)
    }
  }

  #list(directory: string) {
    try {
      return readdirSync(join(this.#options.root, directory), { withFileTypes: true })
    } catch {
      return [] // gone again
    }
  }

  #removeTree(name: string): void {
    for (const [watch, path] of this.#paths) {
      if (path !== name && !path.startsWith(`${name}/`)) continue
      this.#options.inotify.remove(watch, this)
      this.#paths.delete(watch)
    }
  }

  #lose(reason: string): void {
    if (this.#isOver) return
    this[Symbol.dispose]()
    this.#options.onLost(reason)
  }
}
