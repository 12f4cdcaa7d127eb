import { runNft } from '../network/nft.ts'
import type { EgressPolicy } from './egress-policy.ts'
import {
  dropEgressRuleset,
  egressRuleset,
  noEgressRuleset,
  type EgressTarget,
  type NameProxyPorts,
} from './egress-ruleset.ts'

/** Puts a policy in force for one sandbox in one transaction; packets from there on are judged by it (see {@link egressRuleset}). */
export async function applyEgress(
  target: EgressTarget,
  policy: EgressPolicy,
  ports: NameProxyPorts | undefined,
): Promise<void> {
  await runNft(egressRuleset(target, policy, ports))
}

/** Removes the rules of one slot. Idempotent. */
export async function clearEgress(target: EgressTarget): Promise<void> {
  await runNft(noEgressRuleset(target))
}

/** Removes the rules of every sandbox of an installation. Idempotent. */
export async function removeEgress(instance: string): Promise<void> {
  await runNft(dropEgressRuleset(instance))
}
