import { DrowseError, type EntryInfo, type EventType } from '@drowse/protocol'

/** Most events that wait for a client. */
const MAX_EVENTS = 10_000

/** Something that happened in a watched directory. */
export interface WatchEvent {
  /** Relative to the watched directory. */
  name: string
  type: EventType
  /** The entry as it was found at the event; resolves to nothing when it was gone. */
  entry: Promise<EntryInfo | undefined> | undefined
}

/** Events on their way to one client, in order and bounded: with 10,000 waiting, the next one ends the watch with an error. */
export class EventQueue {
  #events: WatchEvent[] = []
  #error: DrowseError | undefined
  #wake: (() => void) | undefined

  push(event: WatchEvent): void {
    if (this.#error !== undefined) return
    if (this.#events.length < MAX_EVENTS) this.#events.push(event)
    else this.fail(`more than ${MAX_EVENTS} events were not read`)
    this.#wake?.()
  }

  /** Ends the queue; what waits in it is still given. Only the first reason counts. */
  fail(reason: string): void {
    this.#error ??= new DrowseError('unavailable', `Cannot watch any longer: ${reason}`)
    this.#wake?.()
  }

  /** Takes all that waits. Throws what ended the queue once nothing does. */
  take(): WatchEvent[] {
    const events = this.#events
    if (events.length === 0 && this.#error !== undefined) throw this.#error
    this.#events = []
    return events
  }

  /** Resolves when there is something to take, `waitMs` have passed or `signal` aborts. */
  async ready(waitMs: number, signal: AbortSignal): Promise<void> {
    if (this.#events.length > 0 || this.#error !== undefined || signal.aborted) return
    const { promise, resolve: settle } = Promise.withResolvers<void>()
    const resolve = (): void => settle()
    const timer = setTimeout(resolve, waitMs)
    signal.addEventListener('abort', resolve)
    this.#wake = resolve
    await promise
    this.#wake = undefined
    clearTimeout(timer)
    signal.removeEventListener('abort', resolve)
  }
}
