import { isDeepStrictEqual } from 'node:util'
import type { EgressPolicy, HeaderRule, SocksProxy } from '@drowse/engine'
import type { NodeSandbox } from '@drowse/node'
import type { LifecycleContext } from './lifecycle-context.ts'
import type { EgressProxy, NetworkRule } from './network.ts'
import { hostAndPort, isAddressBlock } from './network-address.ts'
import { nodeInit } from './node-init.ts'
import type { Sandbox } from './sandbox.ts'

const EVERYWHERE = '0.0.0.0/0'

/**
 * What a node has to put in force for a sandbox; undefined when its network settings restrict nothing. IPv6 destinations are left out: no
 * IPv6 leaves a sandbox at all.
 */
export function egressPolicyOf(sandbox: Pick<Sandbox, 'network' | 'allowInternetAccess'>): EgressPolicy | undefined {
  const { allowOut = [], denyOut = [], rules = {}, egressProxy, dnsServers } = sandbox.network
  const deny = [...(sandbox.allowInternetAccess === false ? [EVERYWHERE] : []), ...denyOut.filter(isIPv4Block)]
  const allow = allowOut.filter(isIPv4Block)
  const domains = allowOut.filter((text) => !isAddressBlock(text))
  const more = {
    ...(Object.keys(rules).length === 0 ? {} : { headers: Object.entries(rules).map(headerRule) }),
    ...(egressProxy === undefined ? {} : { proxy: socksProxy(egressProxy) }),
    ...(dnsServers === undefined ? {} : { dnsServers }),
  }
  if (deny.length > 0) return { allow, deny: [...new Set(deny)], domains, ...more }
  // All is open, whatever is allowed besides.
  return Object.keys(more).length === 0 ? undefined : { allow: [], deny: [], domains: [], ...more }
}

/** The rules of a domain hold one after the other; a later one replaces a header of an earlier one. */
function headerRule([domain, list]: [string, readonly NetworkRule[]]): HeaderRule {
  const headers = new Map<string, [string, string]>()
  for (const { transform } of list) {
    for (const [name, value] of Object.entries(transform?.headers ?? {})) headers.set(name.toLowerCase(), [name, value])
  }
  return { domain, headers: Object.fromEntries(headers.values()) }
}

function socksProxy({ address, username, password, tls }: EgressProxy): SocksProxy {
  const { serverName, caCert } = tls ?? {}
  return {
    ...hostAndPort(address),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(tls?.enabled === true
      ? { tls: { ...(serverName === undefined ? {} : { serverName }), ...(caCert === undefined ? {} : { caCert }) } }
      : {}),
  }
}

/** Puts in force what a sandbox's row says when its node has another policy: a change was cut before the node had it. */
export async function settleEgress(context: LifecycleContext, sandbox: Sandbox, held: NodeSandbox): Promise<void> {
  const policy = egressPolicyOf(sandbox)
  if (!isDeepStrictEqual(policy, held.egress)) await context.node.setEgress(sandbox.id, policy, nodeInit(sandbox))
}

function isIPv4Block(text: string): boolean {
  return isAddressBlock(text) && !text.includes(':')
}
