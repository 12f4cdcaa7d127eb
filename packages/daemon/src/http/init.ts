import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DaemonContext } from '../context.ts'
import { parseInit } from '../identity/parse-init.ts'
import { authorityEnv, trustAuthority } from '../identity/trust-authority.ts'
import { writeIdentity } from '../identity/write-identity.ts'
import { readJson } from './read-json.ts'

/** Difference to the host's clock, in ms, that is worth a line in the log. */
const SKEW_MS = 2_000
/** What a stream ends with that was open when the sandbox fell asleep. */
const PAUSED = 'the sandbox was paused while the request was in flight'

/** `POST /init`: takes what the host says after a create, a wake or a clone. May come any number of times. */
export async function initialise(
  daemon: DaemonContext,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const init = parseInit(await readJson(request))
  if (init.isUpdate !== true) {
    // Those who read output before the sandbox slept are gone; a reader that never reads would hold processes up.
    daemon.processes.dropSubscribers(PAUSED)
    daemon.watchers.dropStreams(PAUSED)
    daemon.tunnels.drop()
  }
  const isKnown = daemon.settings.knowsIdentity(init)
  const { egressAuthority } = init
  if (!daemon.settings.knowsAuthority(init)) trustAuthority(daemon.root, egressAuthority, daemon.log)
  daemon.settings.apply(init, egressAuthority === undefined ? {} : authorityEnv(daemon.root))
  // A wake tells what the memory holds already; reading the files again would be most of its time here.
  if (!isKnown) writeIdentity(daemon.root, init, daemon.log)
  const skewMs = Date.now() - Date.parse(init.timestamp)
  if (Math.abs(skewMs) > SKEW_MS) daemon.log(`The clock differs from the host's by ${skewMs} ms`)
  response.writeHead(204).end()
}
