import type { ServerResponse } from 'node:http'

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const text = Buffer.from(JSON.stringify(body))
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': text.length }).end(text)
}

/** Answers an error in the shape that clients read: a numeric `code` and a `message`. */
export function sendProblem(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, { code: status, message })
}
