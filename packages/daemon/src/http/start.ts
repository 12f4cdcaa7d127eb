import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DaemonContext } from '../context.ts'
import { parseStart } from '../startup/parse-start.ts'
import { readJson } from './read-json.ts'
import { sendProblem } from './send.ts'

/** `POST /start`: begins what the template starts its sandboxes with, once a boot; 204 when that is ready, else 503 with the reason. */
export async function startUp(
  daemon: DaemonContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  daemon.startup.begin(parseStart(await readJson(request)))
  const trouble = await daemon.startup.findTrouble()
  if (trouble === undefined) response.writeHead(204).end()
  else sendProblem(response, 503, `Cannot go on with the start of this sandbox: ${trouble}`)
}
