import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { DaemonContext } from '../context.ts'
import { basicUserName, requestUser } from '../users/request-user.ts'
import { resolvePath } from '../users/resolve-path.ts'
import { isSigned } from './auth.ts'
import { composeFiles, parseCompose } from './compose.ts'
import { readFile } from './files-read.ts'
import { writeFiles } from './files-write.ts'
import { sendError } from './http-error.ts'
import { initialise } from './init.ts'
import { metadataOf } from './metadata-headers.ts'
import { readMetrics } from './metrics.ts'
import { readJson } from './read-json.ts'
import { sendJson, sendProblem } from './send.ts'
import { startUp } from './start.ts'
import { writeFile, type WrittenFile } from './write-file.ts'

type Route = (daemon: DaemonContext, request: IncomingMessage, response: ServerResponse) => Promise<void> | void

const ROUTES: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  '/health': { GET: (_daemon, _request, response) => void response.writeHead(204).end() },
  '/envs': { GET: (daemon, _request, response) => sendJson(response, 200, daemon.settings.env) },
  '/init': { POST: initialise },
  '/start': { POST: startUp },
  '/metrics': { GET: getMetrics },
  '/files': { GET: getFiles, POST: postFiles },
  '/files/compose': { POST: postCompose },
}

/** Answers the daemon's plain HTTP routes. Never throws; a failure is answered or, past the headers, cuts the answer off. */
export function handleRoute(daemon: DaemonContext, request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '').split('?', 1)[0] ?? ''
  const methods = Object.hasOwn(ROUTES, path) ? ROUTES[path] : undefined
  if (methods === undefined) return sendProblem(response, 404, `no such route: ${path}`)
  const route = methods[request.method ?? '']
  if (route === undefined) return sendProblem(response, 405, `method ${request.method} is not allowed for ${path}`)
  void Promise.try(route, daemon, request, response).catch((error: unknown) => sendError(response, error, daemon.log))
}

async function getFiles(daemon: DaemonContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { path, resolve } = filesTarget(daemon, request)
  await readFile(resolve(path ?? ''), request, response)
}

async function postFiles(daemon: DaemonContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { path, resolve, user } = filesTarget(daemon, request)
  const options = { user, metadata: metadataOf(request.rawHeaders), calls: daemon.calls }
  const write = (target: string, content: Readable): Promise<WrittenFile> => writeFile(target, content, options)
  await writeFiles(path, request, response, { resolve, write })
}

async function postCompose(daemon: DaemonContext, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const compose = parseCompose(await readJson(request))
  const user = requestUser(daemon, compose.username ?? basicUserName(request.headers.authorization))
  const resolve = (path: string): string => resolvePath(path, user, daemon.settings.defaultWorkdir)
  sendJson(response, 200, await composeFiles(compose, resolve, user))
}

async function getMetrics(daemon: DaemonContext, _request: IncomingMessage, response: ServerResponse): Promise<void> {
  sendJson(response, 200, await readMetrics(daemon.cpu))
}

function filesTarget(daemon: DaemonContext, request: IncomingMessage) {
  const query = new URL(request.url ?? '', 'http://guest').searchParams
  const { settings } = daemon
  // The header is not signed.
  const byHeader = isSigned(request, settings.accessToken) ? undefined : basicUserName(request.headers.authorization)
  const user = requestUser(daemon, query.get('username') ?? byHeader)
  const path = query.get('path') ?? undefined
  return { user, path, resolve: (asked: string) => resolvePath(asked, user, settings.defaultWorkdir) }
}
