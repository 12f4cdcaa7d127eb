import { once } from 'node:events'
import type { Socket } from 'node:net'
import { connect as connectTls, createSecureContext, getCACertificates, TLSSocket, type SecureContext } from 'node:tls'
import { MAX_LISTENERS } from '../listen-tcp.ts'
import type { ProxyContext } from '../proxy-context.ts'
import type { RequestRewriter } from './request-rewriter.ts'

/** Time, in ms, for a TLS handshake with a guest or a server. */
const HANDSHAKE_TIMEOUT_MS = 15_000
/** HTTP/2 is not offered: the rewriter reads HTTP/1.1. */
const ALPN = ['http/1.1']

/** A guest's connection whose requests get headers. */
export interface RewrittenConnection {
  name: string
  headers: Readonly<Record<string, string>>
  /** Whether it is TLS, and the way to the server too. */
  isSecure: boolean
  /** Opens a connection to the server; undefined when there is none. */
  open: () => Promise<Socket | undefined>
}

/**
 * Has requests of a guest's connection rewritten. Of TLS the guest's end is the installation's egress authority, which it trusts; the other end is
 * the server, whose certificate has to be good for the name.
 */
export async function serveRewritten(
  context: ProxyContext,
  rewriter: RequestRewriter,
  socket: Socket,
  { name, headers, isSecure, open }: RewrittenConnection,
): Promise<void> {
  const reach = async (): Promise<Socket> => {
    const upstream = await open()
    if (upstream === undefined) throw new Error(`the server of "${name}" cannot be reached`)
    return upstream
  }
  if (!isSecure) {
    rewriter.accept(socket, { name, headers, connect: reach })
    return
  }
  const guest = new TLSSocket(socket, {
    isServer: true,
    secureContext: await context.authority.contextFor(name.toLowerCase()),
    ALPNProtocols: ALPN,
  })
  await settled(guest, 'secure')
  const connect = async (): Promise<TLSSocket> => {
    const secureContext = upstreamTrust(context)
    const upstream = connectTls({
      socket: await reach(),
      servername: name,
      host: name,
      secureContext,
      ALPNProtocols: ALPN,
    })
    await settled(upstream, 'secureConnect')
    return upstream
  }
  rewriter.accept(guest, { name, headers, connect })
}

async function settled(socket: TLSSocket, event: 'secure' | 'secureConnect'): Promise<void> {
  socket.setMaxListeners(MAX_LISTENERS)
  socket.on('error', () => {}) // for its whole life; who waits for it hears by the event
  try {
    await once(socket, event, { signal: AbortSignal.timeout(HANDSHAKE_TIMEOUT_MS) })
  } catch (error) {
    socket.destroy()
    throw error
  }
}

const trust = new WeakMap<ProxyContext, SecureContext>()

/** What servers are verified by: reading some 150 certificates for each connection would be most of its time. */
function upstreamTrust(context: ProxyContext): SecureContext {
  const known = trust.get(context)
  if (known !== undefined) return known
  const more = context.upstreamCa === undefined ? [] : [context.upstreamCa]
  const ca = [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...more])]
  const made = createSecureContext({ ca })
  trust.set(context, made)
  return made
}
