import { StringDecoder } from 'node:string_decoder'
import type { OutputMessage } from '../output/output-message.ts'
import { resultMessage } from '../output/result-message.ts'
import type { KernelEvent } from '../kernel/kernel-event.ts'

/** Where the messages of an execution go. */
export interface ExecutionSink {
  /** Takes a message; false says that the reader is behind and the kernel should wait. */
  write(message: OutputMessage): boolean
  /** Resolves when the reader has caught up or is gone. */
  drained(): Promise<void>
  /** Aborted when the reader has left. */
  signal: AbortSignal
}

/** One cell on its way through a kernel: turns what the kernel does into messages. */
export class Execution {
  readonly #sink: ExecutionSink
  /** Characters that a chunk's end cuts in two stay whole. */
  readonly #decoders = { stdout: new StringDecoder('utf8'), stderr: new StringDecoder('utf8') }
  readonly #onBehind: (caughtUp: Promise<void>) => void

  /** `onBehind` is called when the reader falls behind, with what resolves once it has caught up. */
  constructor(sink: ExecutionSink, onBehind: (caughtUp: Promise<void>) => void) {
    this.#sink = sink
    this.#onBehind = onBehind
  }

  /** Passes on what the cell or its programs printed. */
  output(stream: 'stdout' | 'stderr', chunk: Buffer): void {
    this.print(stream, this.#decoders[stream].write(chunk))
  }

  /** Passes on text as if the cell had printed it. */
  print(stream: 'stdout' | 'stderr', text: string): void {
    if (text !== '') this.#write({ type: stream, text, timestamp: Date.now() * 1_000_000 })
  }

  /** Passes on a result or an error. */
  event(event: KernelEvent): void {
    if (event.type === 'result') this.#write(resultMessage(event.isMain, event.data))
    if (event.type === 'error') this.#write(event)
  }

  /** Says the number of the execution. */
  count(count: number): void {
    this.#write({ type: 'number_of_executions', execution_count: count })
  }

  /** Ends the output: a character that was cut in two comes as it is. */
  finish(): void {
    for (const stream of ['stdout', 'stderr'] as const) this.print(stream, this.#decoders[stream].end())
  }

  #write(message: OutputMessage): void {
    if (this.#sink.signal.aborted) return
    if (!this.#sink.write(message)) this.#onBehind(this.#sink.drained())
  }
}
