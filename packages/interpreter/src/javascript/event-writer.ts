import type { KernelEvent } from '../kernel/kernel-event.ts'
import { writeAll } from './write-all.ts'

/** Says events to the interpreter, one at a time. */
export class EventWriter {
  readonly #descriptor: number
  readonly #flush: () => void

  /** `flush` writes out what was printed before an event. */
  constructor(descriptor: number, flush: () => void) {
    this.#descriptor = descriptor
    this.#flush = flush
  }

  /** Writes one event; waits while the pipe is full. */
  send(event: KernelEvent): void {
    this.#flush()
    writeAll(this.#descriptor, Buffer.from(`${JSON.stringify(event)}\n`))
  }
}
