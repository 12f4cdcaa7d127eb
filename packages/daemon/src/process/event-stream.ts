import { create } from '@bufbuild/protobuf'
import { ProcessEventSchema, type ProcessEvent } from '@drowse/protocol'
import type { ExitStatus } from './exit-status.ts'
import type { OutputChunk, OutputSubscription } from './output-subscription.ts'

/** Time between keepalives in ms when the client asks for none (wire.md §3.2). */
const DEFAULT_KEEPALIVE_MS = 90_000
/** Longest that a timer can wait. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * The events of one process for one client: the start, output as it comes, keepalives in silence, the end.
 * Throws `signal`'s reason when that is a deadline; a client that went away just ends it.
 */
export async function* processEvents(
  pid: number,
  subscription: OutputSubscription,
  options: { signal: AbortSignal; keepaliveMs: number },
): AsyncGenerator<ProcessEvent> {
  const { signal, keepaliveMs } = options
  const stop = (): void => subscription.close()
  signal.addEventListener('abort', stop)
  try {
    yield startEvent(pid)
    for (;;) {
      if (signal.aborted) throw signal.reason
      const event = await subscription.next(keepaliveMs)
      if (event.kind === 'closed') throw signal.reason
      if (event.kind === 'end') return yield endEvent(event.status)
      yield event.kind === 'idle' ? keepaliveEvent() : dataEvent(event.chunk)
    }
  } finally {
    signal.removeEventListener('abort', stop)
    subscription.close()
  }
}

/** Reads the `Keepalive-Ping-Interval` header, in seconds. */
export function keepaliveInterval(header: string | null): number {
  const seconds = Number(header ?? '')
  if (!Number.isFinite(seconds) || seconds <= 0) return DEFAULT_KEEPALIVE_MS
  return Math.min(seconds * 1000, MAX_TIMER_MS)
}

/** The first event of every stream. */
export function startEvent(pid: number): ProcessEvent {
  return create(ProcessEventSchema, { event: { case: 'start', value: { pid } } })
}

/** The last event of a stream. */
export function endEvent(status: ExitStatus): ProcessEvent {
  return create(ProcessEventSchema, { event: { case: 'end', value: status } })
}

function dataEvent(chunk: OutputChunk): ProcessEvent {
  // Node's buffers are never shared memory, which the message type excludes.
  const value = chunk.data as Uint8Array<ArrayBuffer>
  return create(ProcessEventSchema, { event: { case: 'data', value: { output: { case: chunk.source, value } } } })
}

function keepaliveEvent(): ProcessEvent {
  return create(ProcessEventSchema, { event: { case: 'keepalive', value: {} } })
}
