import type { IncomingHttpHeaders } from 'node:http'

/** Bytes before each message of a Connect stream: one of flags, four of its length. */
export const PREFIX_BYTES = 5
/** Flag of the message that ends a Connect stream. */
export const END_OF_STREAM = 0x02

/** Codes of the Connect protocol that the gateway gives, as on the wire. */
export type ConnectCode = 'aborted'

/** An error as the Connect protocol tells it. */
export interface ConnectFailure {
  code: ConnectCode
  message: string
}

/** How a request speaks the Connect protocol; `undefined` when it does not. */
export function connectKind(headers: IncomingHttpHeaders): 'stream' | 'unary' | undefined {
  const type = mediaType(headers)
  if (CONNECT_STREAM.test(type)) return 'stream'
  const isUnary = headers['connect-protocol-version'] !== undefined && /^application\/(json|proto)$/.test(type)
  return isUnary ? 'unary' : undefined
}

/** Whether a response's body is a Connect stream that may be made longer. */
export function isOpenConnectStream(headers: IncomingHttpHeaders): boolean {
  const isPlain = headers['content-length'] === undefined && headers['content-encoding'] === undefined
  return isPlain && CONNECT_STREAM.test(mediaType(headers))
}

/** The message that ends a Connect stream with an error; JSON also where the other messages are binary. */
export function endOfStream(error: ConnectFailure): Buffer {
  const body = Buffer.from(JSON.stringify({ error }))
  const prefix = Buffer.alloc(PREFIX_BYTES)
  prefix.writeUInt8(END_OF_STREAM, 0)
  prefix.writeUInt32BE(body.length, 1)
  return Buffer.concat([prefix, body])
}

/** Content-Type without parameters, in lower case. */
export function mediaType(headers: IncomingHttpHeaders): string {
  return (headers['content-type'] ?? '').replace(/;.*$/s, '').trim().toLowerCase()
}

const CONNECT_STREAM = /^application\/connect\+(json|proto)$/
