import { text } from 'node:stream/consumers'
import { systemClock } from '@drowse/common'
import { PORT_STREAM_MAX_MESSAGE, portStreamPath } from '@drowse/protocol'
import { WebSocket } from 'ws'
import { refusal, unreachable, type ApiAccess } from '../api-access.ts'

/** Longest time, in ms, until a stream is there: a wake may take 60 s. */
const OPEN_LIMIT_MS = 75_000
/** Silence, in ms, after which the service counts as gone: it sends a ping every 30 s. */
const SILENCE_LIMIT_MS = 100_000

/** Opens a stream to a port of a sandbox, waking it. Rejects with the API's own words when it refuses, or with `signal`'s reason. */
export async function openPortStream(
  { url, apiKey }: ApiAccess,
  target: { sandbox: string; port: number },
  signal: AbortSignal,
): Promise<WebSocket> {
  signal.throwIfAborted()
  const address = url.replace(/^http/, 'ws') + portStreamPath(target.sandbox, target.port)
  const carrier = new WebSocket(address, {
    headers: { 'X-API-KEY': apiKey },
    perMessageDeflate: false,
    maxPayload: PORT_STREAM_MAX_MESSAGE,
    handshakeTimeout: OPEN_LIMIT_MS,
  })
  const abort = (): void => carrier.terminate()
  signal.addEventListener('abort', abort, { once: true })
  carrier.once('close', () => signal.removeEventListener('abort', abort))
  await new Promise<void>((resolve, reject) => {
    carrier.once('open', resolve)
    carrier.on('error', (error) => reject(signal.aborted ? signal.reason : unreachable(url, error)))
    carrier.once('unexpected-response', (request, response) => {
      text(response).then(
        (body) => reject(refusal(response.statusCode ?? 0, body)),
        (error: unknown) => reject(unreachable(url, error)),
      )
      response.once('close', () => request.destroy())
    })
  })
  watchService(carrier)
  return carrier
}

function watchService(carrier: WebSocket): void {
  let heardAtMs = systemClock.nowMs()
  const heard = (): void => void (heardAtMs = systemClock.nowMs())
  carrier.on('ping', heard)
  const look = (): void => {
    // One that is held back because nobody here reads is not heard.
    if (carrier.isPaused) heard()
    if (systemClock.nowMs() - heardAtMs > SILENCE_LIMIT_MS) carrier.terminate()
    else timer = systemClock.setTimer(SILENCE_LIMIT_MS / 4, look)
  }
  let timer = systemClock.setTimer(SILENCE_LIMIT_MS / 4, look)
  carrier.once('close', () => timer.cancel())
}
