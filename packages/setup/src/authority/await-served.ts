import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:tls'
import { pollUntil } from '@drowse/common'
import { reachableHost } from '../service/service-address.ts'
import { setupError } from '../setup-error.ts'

/** Time, in ms, in which a service looks at its certificate's files several times. */
const SERVED_LIMIT_MS = 20_000
/** Time, in ms, for one handshake. */
const HANDSHAKE_LIMIT_MS = 5_000

/** Where to look for what. */
export interface ServedWait {
  bindAddresses: readonly string[]
  /** Port of the https door. */
  port: number
  leafCert: string
}

/** Waits until the https door serves a certificate to new connections. Throws "setup_failed" when it does not in time. */
export async function awaitServed({ bindAddresses, port, leafCert }: ServedWait): Promise<void> {
  const wanted = new X509Certificate(leafCert).fingerprint256
  const host = reachableHost(bindAddresses)
  try {
    await pollUntil(async () => ((await servedFingerprint(host, port)) === wanted ? true : undefined), {
      intervalMs: 100,
      maxIntervalMs: 500,
      signal: AbortSignal.timeout(SERVED_LIMIT_MS),
    })
  } catch (cause) {
    throw setupError('Cannot finish the rotation: the service goes on serving the old certificate', {
      hint: 'Clients are not refused: the files hold the old and the new authority. Restart the service ("sudo ./drowse down", then "sudo ./drowse up"), which finishes it.',
      cause,
    })
  }
}

/** What a new connection is shown; `undefined` when there is no connection. */
async function servedFingerprint(host: string, port: number): Promise<string | undefined> {
  // Nothing is sent or believed: the certificate is only looked at.
  const socket = connect({ host: host.replace(/^\[|\]$/g, ''), port, rejectUnauthorized: false })
  try {
    await once(socket, 'secureConnect', { signal: AbortSignal.timeout(HANDSHAKE_LIMIT_MS) })
    return socket.getPeerX509Certificate()?.fingerprint256
  } catch {
    return undefined
  } finally {
    socket.destroy()
  }
}
