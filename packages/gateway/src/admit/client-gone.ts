import type { ServerResponse } from 'node:http'

/** A signal that lives as long as a response is awaited. */
export interface ClientGone extends Disposable {
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal
}

/** Watches for the client of `response` going away; dispose it when the wait is over. */
export function clientGone(response: ServerResponse): ClientGone {
  const controller = new AbortController()
  const onClose = (): void => controller.abort(new Error('The client went away'))
  if (response.destroyed || response.socket?.destroyed === true) onClose()
  else response.once('close', onClose)
  return { signal: controller.signal, [Symbol.dispose]: () => void response.off('close', onClose) }
}
