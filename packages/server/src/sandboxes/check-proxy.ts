import { DrowseError } from '@drowse/protocol'
import type { LifecycleContext } from './lifecycle-context.ts'
import type { EgressSettings } from './network.ts'
import { hostAndPort } from './network-address.ts'

/** Throws "invalid_argument" for a proxy that does not resolve, or only into networks that no sandbox may reach and where the operator has named none: nothing would get out. */
export async function checkProxy(context: LifecycleContext, { egressProxy }: EgressSettings): Promise<void> {
  if (egressProxy === undefined || context.resolveProxy === undefined) return
  const { host, port } = hostAndPort(egressProxy.address)
  const addresses = await context.resolveProxy(host, port).catch(() => [])
  if (addresses.length > 0) return
  throw new DrowseError(
    'invalid_argument',
    `Cannot use "${egressProxy.address}" as network.egressProxy: it has no public IPv4 address, and setting "egressProxies" does not name it; name one that has`,
  )
}
