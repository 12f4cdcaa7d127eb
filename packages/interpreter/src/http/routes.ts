import type { IncomingMessage, ServerResponse } from 'node:http'
import { DrowseError } from '@drowse/protocol'
import type { ContextRegistry } from '../contexts/context-registry.ts'
import type { Log } from '../log.ts'
import { createContext } from './contexts.ts'
import { execute } from './execute.ts'
import { readBody } from './read-body.ts'

/** What the routes act on. */
export interface RouteContext {
  registry: ContextRegistry
  /** Whether the contexts that are there from the start take cells. */
  isReady(): boolean
  log: Log
}

/** Answers one request. Never throws; a failure is answered or, past the headers, cuts the answer off. */
export async function handleRequest(
  context: RouteContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    await route(context, request, response)
  } catch (error) {
    if (!(error instanceof DrowseError)) context.log(`Cannot answer ${request.method} ${request.url}`, error)
    const failure = DrowseError.from(error)
    if (response.headersSent) response.destroy()
    else sendText(response, failure.status, failure.message)
  }
}

async function route(context: RouteContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { registry } = context
  const path = (request.url ?? '').split('?', 1)[0] ?? ''
  const [, section, id, action, ...rest] = path.split('/').map(decoded)
  const call = `${request.method} /${section}${id === undefined ? '' : '/:id'}${action === undefined ? '' : `/${action}`}`
  if (rest.length > 0) throw new DrowseError('not_found', 'Not Found')
  switch (call) {
    case 'GET /health':
      return context.isReady() ? sendText(response, 200, 'OK') : sendText(response, 503, 'Contexts are starting')
    case 'POST /execute':
      return execute(registry, request, response)
    case 'GET /contexts':
      return sendJson(response, registry.list())
    case 'POST /contexts':
      return sendJson(response, await createContext(registry, await readBody(request)))
    case 'DELETE /contexts/:id':
      registry.remove(id ?? '')
      return void response.writeHead(204).end()
    case 'POST /contexts/:id/restart':
      await registry.get(id ?? '').restart()
      return void response.writeHead(204).end()
    default:
      throw new DrowseError('not_found', 'Not Found')
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(text)
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
