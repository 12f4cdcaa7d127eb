import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { DrowseError } from '@drowse/protocol'

/** Answers a request on a bare connection with an error as the API's routes give it, and ends the connection. */
export function sendRawError(socket: Duplex, error: DrowseError): void {
  const { status, details } = error
  const isOurs = status >= 500 && details['isPublic'] !== true
  const message = isOurs ? 'Cannot complete the request: something failed inside the service' : error.message
  const body = JSON.stringify({ code: status, message })
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Error'}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
