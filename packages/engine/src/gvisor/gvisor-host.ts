import type { Logger } from '@drowse/common'
import type { NameProxy } from '../egress/names/name-proxy.ts'
import type { NetworkNames } from '../network/network-names.ts'
import type { KnownSandboxes } from './known-sandbox.ts'
import type { Runsc } from './runsc.ts'

/** What the parts of the gVisor engine share: names and places of one installation on this host. */
export interface GvisorHost {
  /** Short name of the installation. */
  instance: string
  /** Hash of the runsc binary. */
  build: string
  /** runsc's `--root`; also holds our record of each sandbox. */
  stateDirectory: string
  sandboxSubnet: string
  names: NetworkNames
  /** What takes redirected connections; without it domains in a policy open nothing. */
  nameProxy: Pick<NameProxy, 'ports' | 'endConnections'> | undefined
  runsc: Runsc
  known: KnownSandboxes
  logger: Logger
}
