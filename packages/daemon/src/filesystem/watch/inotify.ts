import { close, read } from 'node:fs'
import type { FileCalls } from '../native/file-calls.ts'
import { IN, parseInotify, WATCH_MASK, type InotifyEvent } from './inotify-event.ts'

/** Bytes of one read: some hundred events. */
const READ_BYTES = 64 * 1024

/** Takes the events of directories that it watches. */
export interface InotifySink {
  onEvent(event: InotifyEvent): void
  /** Events were lost: the kernel's queue was full, or could not be read. The sink's watches have ended. */
  onOverflow(): void
}

/**
 * All watched directories of the daemon, over one inotify instance that exists while there are any.
 *
 * Node's own `fs.watch` tells neither a removal from a rename nor a write from a chmod, so the kernel's events are read here. The read waits
 * in one thread of Node's pool; the end of the last watch wakes it, because the kernel reports that too.
 */
export class Inotify {
  readonly #calls: FileCalls
  #instance: Instance | undefined

  constructor(calls: FileCalls) {
    this.#calls = calls
  }

  /**
   * Watches a directory for `sink` and returns the watch's number, which is the directory's own: a second time gives the same.
   * Throws the system's error; `ENOTDIR` for what is no directory.
   */
  add(path: string, sink: InotifySink): number {
    const instance = (this.#instance ??= { fd: this.#calls.inotifyInit(), sinks: new Map(), isReading: false })
    try {
      const watch = this.#calls.inotifyAddWatch(instance.fd, path, WATCH_MASK)
      const sinks = instance.sinks.get(watch) ?? new Set()
      instance.sinks.set(watch, sinks.add(sink))
      this.#read(instance)
      return watch
    } finally {
      this.#endIfUnused(instance)
    }
  }

  /** Ends a watch for one sink. */
  remove(watch: number, sink: InotifySink): void {
    const instance = this.#instance
    const sinks = instance?.sinks.get(watch)
    if (instance === undefined || sinks === undefined || !sinks.delete(sink) || sinks.size > 0) return
    instance.sinks.delete(watch)
    this.#calls.inotifyRemoveWatch(instance.fd, watch)
    this.#endIfUnused(instance)
  }

  /** The only place that closes an instance, so that it is closed once. */
  #endIfUnused(instance: Instance): void {
    if (instance.sinks.size > 0) return
    if (this.#instance === instance) this.#instance = undefined
    // A read that waits is woken by the end of its last watch and closes then.
    if (!instance.isReading) close(instance.fd)
  }

  #read(instance: Instance): void {
    if (instance.isReading) return
    instance.isReading = true
    read(instance.fd, Buffer.alloc(READ_BYTES), 0, READ_BYTES, null, (error, length, buffer) => {
      if (error === null) for (const event of parseInotify(buffer.subarray(0, length))) this.#deliver(instance, event)
      else this.#loseAll(instance)
      // Only now: a sink that ends its watch as it is told must not close what is read on here.
      instance.isReading = false
      if (instance.sinks.size > 0) this.#read(instance)
      else this.#endIfUnused(instance)
    })
  }

  #loseAll(instance: Instance): void {
    const sinks = new Set([...instance.sinks.values()].flatMap((sinks) => [...sinks]))
    instance.sinks.clear()
    for (const sink of sinks) sink.onOverflow()
  }

  #deliver(instance: Instance, event: InotifyEvent): void {
    if ((event.mask & IN.Q_OVERFLOW) !== 0) return this.#loseAll(instance)
    const sinks = [...(instance.sinks.get(event.watch) ?? [])]
    // The kernel ended the watch with its directory; the number will not come again.
    if ((event.mask & IN.IGNORED) !== 0) instance.sinks.delete(event.watch)
    for (const sink of sinks) sink.onEvent(event)
  }
}

interface Instance {
  fd: number
  sinks: Map<number, Set<InotifySink>>
  isReading: boolean
}
