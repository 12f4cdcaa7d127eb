import { isDeepStrictEqual } from 'node:util'
import type { EgressPolicy } from '@drowse/engine'
import type { NodeSandbox } from '@drowse/node'
import type { LifecycleContext } from './lifecycle-context.ts'
import { isAddressBlock } from './network-address.ts'
import type { Sandbox } from './sandbox.ts'

const EVERYWHERE = '0.0.0.0/0'

/**
 * What a node has to put in force for a sandbox; undefined when its network settings restrict nothing. IPv6 destinations are left out: no
 * IPv6 leaves a sandbox at all.
 */
export function egressPolicyOf(sandbox: Pick<Sandbox, 'network' | 'allowInternetAccess'>): EgressPolicy | undefined {
  const { allowOut = [], denyOut = [] } = sandbox.network
  const deny = [...(sandbox.allowInternetAccess === false ? [EVERYWHERE] : []), ...denyOut.filter(isIPv4Block)]
  const allow = allowOut.filter(isIPv4Block)
  const domains = allowOut.filter((text) => !isAddressBlock(text))
  if (deny.length === 0) return undefined // all is open, whatever is allowed besides
  return { allow, deny: [...new Set(deny)], domains }
}

/** Puts in force what a sandbox's row says when its node has another policy: a change was cut before the node had it. */
export async function settleEgress(context: LifecycleContext, sandbox: Sandbox, held: NodeSandbox): Promise<void> {
  const policy = egressPolicyOf(sandbox)
  if (!isDeepStrictEqual(policy, held.egress)) await context.node.setEgress(sandbox.id, policy)
}

function isIPv4Block(text: string): boolean {
  return isAddressBlock(text) && !text.includes(':')
}
