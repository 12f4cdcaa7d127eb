import type { KernelEvent } from '../kernel/kernel-event.ts'
import { writeAll } from './write-all.ts'

/** Says events to the interpreter, one at a time. */
export class EventWriter {
  readonly #descriptor: number

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  /** Writes one event; waits while the pipe is full. */
  send(event: KernelEvent): void {
    writeAll(this.#descriptor, Buffer.from(`${JSON.stringify(event)}\n`))
  }
}
