import type { Clock, Logger } from '@drowse/common'
import type { Engine } from '@drowse/engine'
import type { HostFacts } from './admission/host-facts.ts'
import type { EngineAsset, GuestAsset } from './assets.ts'
import type { DataFolder } from './data-folder.ts'
import type { NodeSettings } from './node-settings.ts'
import type { StepHook } from './node-steps.ts'

/** What a node is made of. */
export interface SandboxNodeOptions {
  folder: DataFolder
  engine: Engine
  /** As `readAssets` gives them. */
  assets: { engine: EngineAsset; guest: GuestAsset }
  /** Name servers of every sandbox. */
  nameservers: readonly string[]
  /** Certificate (PEM) of the authority that speaks TLS for names with headers; sandboxes with such names are told to trust it. */
  egressAuthority?: string
  clock: Clock
  logger: Logger
  /** Called after each step of an operation; default nothing. For tests that cut an operation there. */
  onStep?: StepHook
  /** Bytes that may still be written below a path; default the filesystem's own answer. */
  freeBytes?: (path: string) => Promise<number>
  /** Longest time, in ms, in which a daemon that is well answers before a pause; default 5,000. */
  healthTimeoutMs?: number
  /** Settings that differ from the defaults. */
  settings?: Partial<NodeSettings>
  /** What the host has to give; default what this machine says. */
  host?: HostFacts
}
