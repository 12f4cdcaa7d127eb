import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { hasBody } from './request-headers.ts'
import type { StopCause } from '../route-source.ts'
import { PAUSED } from '../answer/answer.ts'
import { splice } from './splice.ts'
import type { UpstreamResult } from './upstream-request.ts'
import { closeFrame, WebSocketFrames } from './web-socket-frames.ts'

/** A connection that its client wants to speak another protocol on. */
export interface Upgrade {
  /** Value of the Upgrade header. */
  protocol: string
  socket: Duplex
  /** What the client sent behind its request. */
  head: Buffer
  /** Ends the watch for the client going away while nobody reads its connection. */
  stopWatching: () => void
}

/** The protocol that a request may upgrade to. HTTP/2 in clear text is an offer that the gateway declines, and a body rules an upgrade out. */
export function upgradeProtocol(request: IncomingMessage): string | undefined {
  const protocol = request.headers.upgrade?.trim()
  if (protocol === undefined || protocol === '' || hasBody(request)) return undefined
  return /(^|,)\s*h2c\s*(,|$)/i.test(protocol) ? undefined : protocol
}

/**
 * Tells the client that the server switched protocols, and joins the two connections. Gives what cuts them: both are lost, but for a
 * WebSocket's client that is told of a pause by a close.
 */
export function completeUpgrade(
  upgrade: Upgrade,
  result: Extract<UpstreamResult, { kind: 'upgrade' }>,
): (cause: StopCause | undefined) => void {
  const { incoming, socket: upstream, head } = result
  upgrade.stopWatching()
  const lines = [`HTTP/1.1 101 ${incoming.statusMessage ?? 'Switching Protocols'}`]
  for (let i = 0; i + 1 < incoming.rawHeaders.length; i += 2) {
    lines.push(`${incoming.rawHeaders[i]}: ${incoming.rawHeaders[i + 1]}`)
  }
  upgrade.socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  if (head.length > 0) upstream.unshift(head)
  if (upgrade.head.length > 0) upgrade.socket.unshift(upgrade.head)
  const frames = incoming.headers.upgrade?.toLowerCase() === 'websocket' ? new WebSocketFrames() : undefined
  // Sees what is passed on, before it is.
  if (frames !== undefined) upstream.on('data', (bytes: Buffer) => frames.follow(bytes))
  const part = splice(upgrade.socket, upstream)
  return (cause) => {
    if (cause === 'paused' && frames?.mayAppend === true) part(closeFrame(PAUSED))
    else upstream.destroy()
  }
}
