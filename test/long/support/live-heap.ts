import { once } from 'node:events'
import { pollUntil } from '@drowse/common'

/** What a Node process has in use after a full collection, in MB. */
export interface LiveHeap {
  /** Objects of JavaScript. */
  usedMb: number
  /** Memory outside V8's heap that its objects hold: buffers. */
  backingMb: number
}

/** The loopback port of Node's inspector, which SIGUSR1 opens in a process that has none. */
const INSPECTOR = 'http://127.0.0.1:9229'

/** Answers of the inspector, by their numbers. */
interface Reply {
  id?: number
  result?: { usedSize?: number; backingStorageSize?: number }
}

/**
 * Collects garbage in the process and measures what is left: unlike resident memory it does not depend on what V8 has not given back yet.
 */
export async function liveHeap(pid: number): Promise<LiveHeap> {
  process.kill(pid, 'SIGUSR1')
  const url = await pollUntil(async () => await target(), {
    intervalMs: 20,
    maxIntervalMs: 200,
    signal: AbortSignal.timeout(20_000),
  })
  const socket = new WebSocket(url)
  await once(socket, 'open')
  try {
    // Twice: what finalizers let go of in the first is collected by the second.
    await call(socket, 1, 'HeapProfiler.collectGarbage')
    await call(socket, 2, 'HeapProfiler.collectGarbage')
    const { result } = await call(socket, 3, 'Runtime.getHeapUsage')
    return { usedMb: toMb(result?.usedSize), backingMb: toMb(result?.backingStorageSize) }
  } finally {
    socket.close()
    await once(socket, 'close')
  }
}

async function target(): Promise<string | undefined> {
  try {
    const targets = (await (await fetch(`${INSPECTOR}/json/list`)).json()) as { webSocketDebuggerUrl: string }[]
    return targets[0]?.webSocketDebuggerUrl
  } catch {
    return undefined // it is not listening yet
  }
}

async function call(socket: WebSocket, id: number, method: string): Promise<Reply> {
  const answer = new Promise<Reply>((resolve, reject) => {
    socket.addEventListener('message', function listen({ data }: MessageEvent) {
      const reply = JSON.parse(data) as Reply
      if (reply.id !== id) return
      socket.removeEventListener('message', listen)
      resolve(reply)
    })
    socket.addEventListener('close', () => reject(new Error(`The inspector went away during ${method}`)))
  })
  socket.send(JSON.stringify({ id, method }))
  return await answer
}

/** MB with one decimal. */
function toMb(bytes = 0): number {
  return Math.round(bytes / 2 ** 20 / 0.1) / 10
}
