import { type IncomingHttpHeaders, type IncomingMessage, ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { discardBody } from '../forward/send-body.ts'
import type { Answer } from './answer.ts'
import { connectKind, endOfStream, mediaType } from './connect-error.ts'
import { endSoftly } from './end-softly.ts'
import { errorPage, isBrowserNavigation } from './error-page.ts'

/**
 * Sends an answer of the gateway's own, which scripts of every origin may read: a page to a browser that navigates, an error of the Connect
 * protocol to its calls, JSON to everyone else. Then lets go of the request's body.
 */
export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  response.once('finish', () => discardBody(request))
  if (response.headersSent || response.destroyed) return
  response.setHeader('access-control-allow-origin', '*')
  response.setHeader('cache-control', 'no-store')
  if (answer.status === 204) return sendPreflight(request, response)
  const { status, type, body } = written(request.headers, answer)
  response.writeHead(status, {
    'content-type': type,
    'content-length': String(Buffer.byteLength(body)),
    ...(answer.retryAfterS === undefined ? {} : { 'retry-after': String(answer.retryAfterS) }),
  })
  response.end(body)
}

/** As the daemon itself answers: the asked headers are repeated, as a literal `*` would leave out Authorization. */
function sendPreflight(request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(204, {
    'access-control-allow-methods': 'HEAD, GET, POST, PUT, PATCH, DELETE',
    'access-control-allow-headers': request.headers['access-control-request-headers'] ?? '*',
  })
  response.end()
}

interface Written {
  status: number
  type: string
  body: string | Buffer
}

function written(headers: IncomingHttpHeaders, answer: Answer): Written {
  const { status, message, connectCode: code } = answer
  const kind = code === undefined ? undefined : connectKind(headers)
  // A stream tells its errors in its last message.
  if (code !== undefined && kind === 'stream') {
    return { status: 200, type: mediaType(headers), body: endOfStream({ code, message }) }
  }
  if (code !== undefined && kind === 'unary') {
    return { status, type: 'application/json', body: JSON.stringify({ code, message }) }
  }
  if (isBrowserNavigation(headers)) return { status, type: 'text/html; charset=utf-8', body: errorPage(answer) }
  return { status, type: 'application/json; charset=utf-8', body: `${answerBody(answer)}\n` }
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

/** Writes an answer to a socket whose request could not be parsed, or is not read, and ends it. */
export function sendRawAnswer(socket: Duplex, answer: Answer): void {
  const body = `${answerBody(answer)}\n`
  const retry = answer.retryAfterS === undefined ? '' : `retry-after: ${answer.retryAfterS}\r\n`
  socket.write(
    `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? ''}\r\ncontent-type: application/json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\n${retry}connection: close\r\n\r\n${body}`,
  )
  endSoftly(socket)
}
