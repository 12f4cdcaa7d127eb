import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DaemonContext } from '../context.ts'
import { parseStart } from '../startup/parse-start.ts'
import { readJson } from './read-json.ts'
import { sendProblem } from './send.ts'

/** Of a start command that fails at once however often it is tried. */
const HOPELESS = 424

/**
 * `POST /start`: begins what the template starts its sandboxes with, once a boot; 204 when that is ready, else 503 with the reason, and 424
 * when it is of no use to ask again.
 */
export async function startUp(
  daemon: DaemonContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  daemon.startup.begin(parseStart(await readJson(request)))
  const trouble = await daemon.startup.findTrouble()
  if (trouble === undefined) response.writeHead(204).end()
  else sendProblem(response, trouble.isHopeless ? HOPELESS : 503, `Cannot start what belongs to it: ${trouble.reason}`)
}
