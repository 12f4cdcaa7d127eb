import { type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Answer } from './answer.ts'
import { endSoftly } from './end-softly.ts'
import { errorPage, isBrowserNavigation } from './error-page.ts'

/** Sends an answer of the gateway's own: a page to a browser that navigates, JSON to everyone else. */
export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  if (response.headersSent || response.destroyed) return
  const isPage = isBrowserNavigation(request.headers)
  const body = isPage ? errorPage(answer) : `${answerBody(answer)}\n`
  response.writeHead(answer.status, {
    'content-type': isPage ? 'text/html; charset=utf-8' : 'application/json; charset=utf-8',
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    ...(answer.retryAfterS === undefined ? {} : { 'retry-after': String(answer.retryAfterS) }),
  })
  response.end(body)
}

// In the order the hosted services use.
function answerBody(answer: Answer): string {
  const { sandboxId, message, port, status } = answer
  return JSON.stringify({ sandboxId, message, port, code: status })
}

/** A response on a socket that Node has handed over for an upgrade; the socket ends with the response. */
export function responseOn(request: IncomingMessage, socket: Duplex): ServerResponse {
  const response = new ServerResponse(request)
  response.shouldKeepAlive = false
  // `Duplex` is how Node types it; the value is the connection's net or TLS socket.
  response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0])
  response.on('finish', () => endSoftly(socket))
  return response
}

/** Writes an answer to a socket whose request could not be parsed, and ends it. */
export function sendRawAnswer(socket: Duplex, answer: Answer): void {
  const body = `${answerBody(answer)}\n`
  socket.write(
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
  endSoftly(socket)
}
