import type { SandboxId, SandboxState } from '@drowse/protocol'
import type { SandboxNetwork } from './network.ts'

/** One stored sandbox: what should be. Instants are ms since the epoch. */
export interface Sandbox {
  id: SandboxId
  teamId: string
  templateId: string
  templateAlias: string | undefined
  state: SandboxState
  /** Grows with every write; compare-and-set compares it. */
  generation: number
  createdAtMs: number
  /** Start of this run, or of the last one when it does not run. */
  startedAtMs: number
  /** Timeout asked for at create; a wake by traffic gives it again. */
  createTimeoutMs: number
  /** Timeout that the run being started gets; says what an interrupted start must finish. */
  runTimeoutMs: number
  /** End of this run's lifetime. */
  maxEndAtMs: number
  /**
   * While it runs: when expiry looks at it, never later than its end, which `Activity` knows.
   * When it does not run: when it was paused.
   */
  endAtMs: number
  autoPause: boolean
  autoPauseMemory: boolean
  autoResume: boolean
  metadata: Readonly<Record<string, string>>
  envVars: Readonly<Record<string, string>>
  network: Readonly<SandboxNetwork>
  /** As given at create or by the last change of the network; undefined when nothing was given. */
  allowInternetAccess: boolean | undefined
  secure: boolean
  /** Token of the daemon; undefined when not secured. Never changes. */
  envdAccessToken: string | undefined
  /** Token of private ports; undefined when they are public. Never changes. */
  trafficAccessToken: string | undefined
  cpuCount: number
  memoryMb: number
  diskSizeMb: number
  /** What the latest pause keeps; undefined while it runs. */
  pauseMode: 'full' | 'filesystem' | undefined
  /** The daemon did not answer when the memory of the latest pause was saved; false while it runs. */
  wasGuestSilent: boolean
  /** Why the latest run started without its memory, or why the pause holds none. */
  coldReason: string | undefined
}

/** The fields of a sandbox that change after it is made; the others are for life. */
export type SandboxPatch = Partial<
  Pick<
    Sandbox,
    | 'startedAtMs'
    | 'runTimeoutMs'
    | 'maxEndAtMs'
    | 'endAtMs'
    | 'pauseMode'
    | 'wasGuestSilent'
    | 'coldReason'
    | 'network'
    | 'allowInternetAccess'
  >
>
