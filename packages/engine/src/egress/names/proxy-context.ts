import type { EgressPolicy } from '../egress-policy.ts'
import type { Logger } from '@drowse/common'
import type { ResolvePublic } from './resolve-public.ts'

/** What the doors of the name-aware proxy share. */
export interface ProxyContext {
  /** The policy of the sandbox with an address, if there is one. */
  policyOf(address: string): EgressPolicy | undefined
  resolve: ResolvePublic
  /** Name servers that questions are passed to, `a.b.c.d` or `a.b.c.d:port`. */
  nameservers: readonly string[]
  logger: Logger
  /** Aborts when the proxy closes. */
  signal: AbortSignal
}

/** The names that a client may reach; undefined for who is no sandbox or has no names. */
export function domainsOf(context: ProxyContext, remoteAddress: string | undefined): readonly string[] | undefined {
  const address = remoteAddress?.replace(/^::ffff:/, '')
  const domains = address === undefined ? undefined : context.policyOf(address)?.domains
  return domains === undefined || domains.length === 0 ? undefined : domains
}
