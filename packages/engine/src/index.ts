export {
  GUEST_MOUNT,
  type BootReport,
  type Engine,
  type EngineBuild,
  type EngineEntry,
  type EngineEvent,
  type EngineStatus,
  type EngineUsage,
  type NetworkSlot,
  type SandboxLimits,
  type SandboxSpec,
  type Traffic,
} from './engine.ts'
export { FakeEngine } from './fake/fake-engine.ts'
export { FakeHost, type FaultMethod } from './fake/fake-host.ts'
export { removeInstanceCgroup } from './gvisor/cgroups.ts'
export { createGvisorEngine, type GvisorEngineOptions } from './gvisor/gvisor-engine.ts'
export { openEgressAuthority, type EgressAuthority } from './egress/authority/egress-authority.ts'
export { needsAuthority, type EgressPolicy, type HeaderRule, type SocksProxy } from './egress/egress-policy.ts'
export type { NameProxyPorts } from './egress/egress-ruleset.ts'
export { createResolveProxy, type ResolveProxy } from './egress/names/resolve-proxy.ts'
export { createLookup } from './egress/names/resolve-public.ts'
export { startNameProxy, type NameProxy } from './egress/names/name-proxy.ts'
export { installFirewall, removeFirewall } from './network/firewall.ts'
export type { FirewallOptions, OutgoingLimits } from './network/firewall-ruleset.ts'
export { findForeignSlots, type ForeignSlots } from './network/foreign-slots.ts'
export { networkNames } from './network/network-names.ts'
export { slotCount } from './network/slot-address.ts'
export { rulesInternetProgram, SOCKS_LOGIN } from './testing/rules-internet.ts'
export { findTestAssets } from './testing/test-assets.ts'
