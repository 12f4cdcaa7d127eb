import type { ServerResponse } from 'node:http'
import type { ExecutionSink } from '../contexts/execution.ts'
import { messageLine } from '../output/output-message.ts'

/** How often a silent answer says that it lives, in ms (wire.md §4). */
const KEEPALIVE_MS = 5_000

/** Streams an execution as lines of JSON: each message leaves at once. Disposing it ends the answer. */
export function responseSink(response: ServerResponse): ExecutionSink & Disposable {
  const left = new AbortController()
  response.on('close', () => left.abort())
  response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' })
  // The client waits for the headers with a shorter limit than for the rest, and a cell may have to queue.
  response.flushHeaders()
  response.socket?.setNoDelay(true)
  const sink: ExecutionSink = {
    write: (message) => left.signal.aborted || response.write(messageLine(message)),
    drained: () =>
      new Promise((resolve) => {
        if (left.signal.aborted || !response.writableNeedDrain) return resolve()
        const done = (): void => {
          response.off('drain', done)
          response.off('close', done)
          resolve()
        }
        response.on('drain', done)
        response.on('close', done)
      }),
    signal: left.signal,
  }
  const timer = setInterval(() => {
    // A reader that is behind sees by what it has not read that there is life.
    if (!response.writableNeedDrain) sink.write({ type: 'keepalive' })
  }, KEEPALIVE_MS)
  return {
    ...sink,
    [Symbol.dispose]: () => {
      clearInterval(timer)
      if (!left.signal.aborted) response.end(messageLine({ type: 'end_of_execution' }))
    },
  }
}
