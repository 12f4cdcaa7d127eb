import type { EgressPolicy } from './egress/egress-policy.ts'
import type { ForeignSlots } from './network/foreign-slots.ts'

/** Identity of an engine build: an image restores only under the same build and CPU features. */
export interface EngineBuild {
  /** `gvisor` or `fake`. */
  kind: string
  /** Hash of the engine's binary. */
  build: string
  /** Hash of the CPU features that the engine sees. */
  cpu: string
}

/** Where a sandbox lives on the network of its host. Kept across pauses. */
export interface NetworkSlot {
  /** Index of the sandbox's /30 in the host's sandbox subnet, from 0. */
  slot: number
}

/** Upper bounds for one sandbox. */
export interface SandboxLimits {
  /** Memory that the guest sees and may use, in MiB. */
  memoryMb: number
  /** CPU time a second, in CPUs; may be a fraction. */
  cpuCount: number
}

/** All an engine needs to make one sandbox. The same spec, with a fresh `hostname` at most, restores its images. */
export interface SandboxSpec {
  /** Names every host resource of the sandbox: container, cgroup, namespace, mounts. `[a-z0-9-]{1,63}`. */
  id: string
  /** Folder of the sandbox; the engine keeps its mount point, bundle and totals of its traffic under it and nothing else. */
  directory: string
  /** Read-only root layers, topmost first. */
  layers: readonly string[]
  /** Writable directory over the layers; holds every file that the guest changes. Same filesystem as `workDirectory`. */
  upperDirectory: string
  workDirectory: string
  /** Read-only folder with the guest runtime (see `GUEST_MOUNT`); its path must stay valid as long as images use it. */
  guestDirectory: string
  hostname: string
  network: NetworkSlot
  limits: SandboxLimits
  /** In force before the first process runs, for as long as the engine holds the sandbox; without one the firewall alone decides. */
  egress?: EgressPolicy
}

/** What the host holds of a sandbox. */
export type EngineStatus =
  /** Nothing, or only leftovers that `destroy` removes. */
  | 'absent'
  /** Made but without processes: `start` or `restore` is next. */
  | 'created'
  | 'running'
  | 'frozen'

/** How a boot went that was made to be looked at. */
export interface BootReport {
  /** Exit status of its first process; absent when that ran on to the end of the watch. */
  exitStatus?: number
  /** The end of what was printed by its first processes, 8 KiB at most. */
  output: string
}

/** One sandbox in {@link Engine.list}. */
export interface EngineEntry {
  id: string
  status: EngineStatus
}

/** What the processes of one sandbox use of the host. */
export interface EngineUsage {
  /** CPU time since the sandbox got its processes, in ms. */
  cpuMs: number
  /** Memory that it holds, cache apart. */
  memoryBytes: number
  /** The host's cache of its files; part of its limit, and given back when memory is short. */
  cacheBytes: number
}

/** Bytes that a sandbox has sent and received over its link: what it began and what reached into it. */
export interface Traffic {
  sentBytes: number
  receivedBytes: number
}

/** Something that happened to a sandbox without a call. */
export type EngineEvent =
  /** Its processes ended and nobody called `destroy`; leftovers are still to be destroyed. */
  | { id: string; kind: 'exited' }
  /** It used up its memory and its largest process was ended; the rest lives on. `process` is that process's name. */
  | { id: string; kind: 'memory-limit'; process: string }

/**
 * Runs sandboxes on one host. It knows nothing of stores or schedules.
 *
 * Sandboxes outlive the process that made them: a new engine on the same state directory finds them again.
 * Calls for one id must not overlap (callers serialise by id), but for `destroy`, which may come at any time and wins.
 * Failures are `DrowseError`s "engine_failed", "disk_full" or "conflict" (call not legal in the current status).
 */
export interface Engine {
  readonly build: EngineBuild
  /**
   * Makes namespace, root and container shell; no process of the guest runs yet. A shell that is there already, whole and made for the very
   * same spec, is kept and takes milliseconds; anything else of the id is removed first. So a shell can be made ahead of its use.
   */
  create(spec: SandboxSpec): Promise<void>
  /** Boots a created sandbox: the guest daemon starts from nothing. */
  start(spec: SandboxSpec): Promise<void>
  /**
   * Boots a sandbox from nothing only to see how that goes, until its processes end or `watchMs` have passed, and leaves nothing of it but
   * the files that it wrote. Throws "engine_failed" with the reason when it cannot even begin.
   */
  watchBoot(spec: SandboxSpec, watchMs: number): Promise<BootReport>
  /** Continues an image in a created sandbox. Throws "engine_failed" and leaves nothing running when the image is unusable. */
  restore(spec: SandboxSpec, imageDirectory: string): Promise<void>
  /** Stops every process at once; memory stays. Idempotent. */
  freeze(id: string): Promise<void>
  /** Lets a frozen sandbox go on. Idempotent. */
  thaw(id: string): Promise<void>
  /**
   * Writes the memory of a frozen sandbox into the empty directory `imageDirectory` and fsyncs it; the sandbox stays frozen.
   * Returns the bytes written. On failure ("disk_full", "engine_failed") the sandbox is frozen still and the directory may hold a part.
   */
  checkpoint(id: string, imageDirectory: string): Promise<{ bytes: number }>
  /** Ends the processes and removes everything the host holds for the id (never `upperDirectory`). Idempotent, safe on unknown ids. */
  destroy(id: string): Promise<void>
  /** Puts another egress policy in force, or none, for a sandbox that was made and is not destroyed; "conflict" for an unknown one. */
  setEgress(id: string, policy: EgressPolicy | undefined): Promise<void>
  status(id: string): Promise<EngineStatus>
  /** Every sandbox with something on this host, whatever made it. */
  list(): Promise<EngineEntry[]>
  /** Calls `listener` for what happens by itself, also in sandboxes that were adopted; returns how to end that. It must not throw. */
  onEvent(listener: (event: EngineEvent) => void): () => void
  /** Resident memory of a sandbox in bytes; what an image of it about needs on disk. */
  memoryBytes(id: string): Promise<number>
  /**
   * What a sandbox uses at this moment, read from the host alone: an idle guest is not disturbed, so it may be asked every
   * few seconds. `undefined` when it has no processes.
   */
  usage(id: string): EngineUsage | undefined
  /** Looks which slots others on this host use at this moment; a sandbox there could not be reached. Takes well below a millisecond. */
  foreignSlots(): ForeignSlots
  /** What has passed over a sandbox's link in all of its runs, read from the host alone; zero for one that never had any. Never becomes less. */
  traffic(spec: Pick<SandboxSpec, 'id' | 'directory' | 'network'>): Traffic
  /** `host` and `port` at which TCP port `port` of the guest is reached from this host. */
  endpoint(network: NetworkSlot, port: number): { host: string; port: number }
}

/** Where the guest runtime is mounted inside every sandbox; holds `tini`, `node`, `lib/`, `daemon.mjs`. */
export const GUEST_MOUNT = '/.drowse'
