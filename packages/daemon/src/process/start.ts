import { stat } from 'node:fs/promises'
import { create } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import {
  DrowseError,
  HOLD_OUTPUT_HEADER,
  StartResponseSchema,
  type StartRequest,
  type StartResponse,
} from '@drowse/protocol'
import type { DaemonContext } from '../context.ts'
import { connectError } from '../rpc/connect-error.ts'
import { basicUserName, requestUser } from '../users/request-user.ts'
import { resolvePath } from '../users/resolve-path.ts'
import type { User } from '../users/user-database.ts'
import { processEnvironment } from './environment.ts'
import { keepaliveInterval, processEvents } from './event-stream.ts'

/** Size of a terminal that a request asks for without a size. */
const DEFAULT_SIZE = { cols: 80, rows: 24 }

/**
 * `Start`: runs a process and streams its events. `Connect-Timeout-Ms` kills the process at its deadline, also when the client
 * has gone by then; a client that goes away does not end it.
 */
export async function* start(
  daemon: DaemonContext,
  request: StartRequest,
  context: HandlerContext,
): AsyncGenerator<StartResponse> {
  try {
    const config = request.process
    if (config === undefined) throw new DrowseError('invalid_argument', 'Cannot start process: "process" is missing')
    const deadlineMs = context.timeoutMs()
    const user = requestUser(daemon, basicUserName(context.requestHeader.get('authorization')))
    const started = daemon.processes.start({
      config,
      tag: request.tag,
      user,
      cwd: await workingDirectory(daemon, user, config.cwd ?? ''),
      env: processEnvironment(user, daemon.settings, config.envs),
      hasStdin: request.stdin ?? true,
      terminal: request.pty === undefined ? undefined : (request.pty.size ?? DEFAULT_SIZE),
    })
    if (deadlineMs !== undefined) started.killAfter(deadlineMs)
    const events = processEvents(
      started.pid,
      started.output.subscribe({ isPatient: context.requestHeader.has(HOLD_OUTPUT_HEADER) }),
      {
        signal: context.signal,
        keepaliveMs: keepaliveInterval(context.requestHeader.get('keepalive-ping-interval')),
      },
    )
    for await (const event of events) yield create(StartResponseSchema, { event })
  } catch (error) {
    throw connectError(error)
  }
}

async function workingDirectory(daemon: DaemonContext, user: User, asked: string): Promise<string> {
  const directory = resolvePath(asked, user, daemon.settings.defaultWorkdir)
  const isDirectory = await stat(directory).then(
    (found) => found.isDirectory(),
    () => false,
  )
  if (isDirectory) return directory
  if (asked !== '') throw new DrowseError('invalid_argument', `cwd '${directory}' does not exist`)
  // Service users such as nobody have homes that were never made.
  return '/'
}
