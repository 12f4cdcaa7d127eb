import { expect } from 'vitest'
import type { EgressPolicy } from '../egress/egress-policy.ts'
import type { NameProxyPorts } from '../egress/egress-ruleset.ts'
import type { NetworkLab } from './network-lab.ts'

/** The part of the service that egress rules need, in the namespace `host` of a lab. */
export interface EgressHost {
  ports: NameProxyPorts
  /** Certificate of its egress authority. */
  authority: string
  /** Puts a policy in force for the sandbox `a`, which has the first slot; undefined for none. */
  tell: (policy: EgressPolicy | undefined) => Promise<void>
}

/** Starts firewall and proxy in the namespace `host` of a lab. `directory` is for files of its own. */
export async function startEgressHost(
  lab: NetworkLab,
  options: {
    instance: string
    subnet: string
    address: string
    nameservers: string[]
    directory: string
    upstreamCa?: string
    proxyPlaces?: string[]
  },
): Promise<EgressHost> {
  const program = await lab.start(
    'host',
    `import { createInterface } from 'node:readline'
     import { installFirewall } from '../network/firewall.ts'
     import { applyEgress, clearEgress } from '../egress/egress.ts'
     import { openEgressAuthority } from '../egress/authority/egress-authority.ts'
     import { startNameProxy } from '../egress/names/name-proxy.ts'
     const { instance, subnet, address, nameservers, directory, upstreamCa, proxyPlaces } = ${JSON.stringify(options)}
     let policy
     // What it logs must not hold secrets; the test reads it.
     const written = []
     const log = (...parts) => written.push(JSON.stringify(parts, (_, value) => value instanceof Error ? { ...value, message: value.message } : value))
     const logger = { debug: log, warn: log, info: log, error: log }
     const authority = await openEgressAuthority(directory + '/egress-authority.pem')
     const proxy = await startNameProxy({
       policyOf: (from) => (from === address ? policy : undefined), nameservers, authority, upstreamCa, proxyPlaces, logger,
     })
     await installFirewall({ instance, sandboxSubnet: subnet, nameservers, nameProxy: proxy.ports })
     console.log('ready')
     console.log(JSON.stringify({ ports: proxy.ports, authority: authority.cert }))
     for await (const line of createInterface({ input: process.stdin })) {
       policy = JSON.parse(line) ?? undefined
       const target = { instance, slot: 0 }
       await (policy === undefined ? clearEgress(target) : applyEgress(target, policy, proxy.ports))
       proxy.endConnections(address)
       console.log(JSON.stringify(written.splice(0)))
     }`,
  )
  const started = JSON.parse(String((await program.lines.next()).value)) as Pick<EgressHost, 'ports' | 'authority'>
  return {
    ...started,
    async tell(policy) {
      program.write(JSON.stringify(policy ?? null))
      const written = String((await program.lines.next()).value)
      expect(written).toMatch(/^\[/)
      expect(written).not.toContain('secret')
    },
  }
}
