import type { ServerResponse } from 'node:http'
import { DrowseError } from '@drowse/protocol'
import type { Log } from '../log.ts'
import { sendProblem } from './send.ts'

/** Answers a request that failed. An answer that had begun is cut off, so that nobody takes a part for the whole. */
export function sendError(response: ServerResponse, error: unknown, log: Log): void {
  if (response.destroyed) return
  const failure = DrowseError.from(error)
  if (failure.code === 'internal') log('Request failed', error)
  if (response.headersSent) response.destroy()
  else sendProblem(response, failure.status, failure.message)
}
