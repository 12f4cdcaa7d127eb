import { DrowseError } from '@drowse/protocol'
import type { LifecycleContext } from './lifecycle-context.ts'
import type { EgressSettings } from './network.ts'
import { hostAndPort } from './network-address.ts'

/** Throws "invalid_argument" for a proxy that does not resolve, or only into networks that no sandbox may reach: nothing would get out. */
export async function checkProxy(context: LifecycleContext, { egressProxy }: EgressSettings): Promise<void> {
  if (egressProxy === undefined || context.resolvePublic === undefined) return
  const { host } = hostAndPort(egressProxy.address)
  const addresses = await context.resolvePublic(host).catch(() => [])
  if (addresses.length > 0) return
  throw new DrowseError(
    'invalid_argument',
    `Cannot use "${egressProxy.address}" as network.egressProxy: it has no public IPv4 address; name one that has`,
  )
}
