import type { Logger } from '@drowse/common'
import type { EgressAuthority } from '../authority/egress-authority.ts'
import type { EgressPolicy } from '../egress-policy.ts'
import type { OpenConnections } from './open-connections.ts'
import type { ResolveProxy } from './resolve-proxy.ts'
import type { ResolvePublic } from './resolve-public.ts'

/** What the doors of the name-aware proxy share. */
export interface ProxyContext {
  /** The policy of the sandbox with an address, if there is one. */
  policyOf(address: string): EgressPolicy | undefined
  resolve: ResolvePublic
  /** Finds the proxies of sandboxes' owners. */
  resolveProxy: ResolveProxy
  /** Name servers that questions are passed to, `a.b.c.d` or `a.b.c.d:port`. */
  nameservers: readonly string[]
  connections: OpenConnections
  /** Speaks TLS for names with headers. */
  authority: EgressAuthority
  /** Authorities (PEM) that servers are verified by where requests get headers, beside those of the system. */
  upstreamCa: string | undefined
  logger: Logger
  /** Aborts when the proxy closes. */
  signal: AbortSignal
}
