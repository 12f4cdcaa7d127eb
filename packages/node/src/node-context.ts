import type { Clock, Logger } from '@drowse/common'
import { needsAuthority, type Engine, type SandboxSpec } from '@drowse/engine'
import type { Admission } from './admission/admission.ts'
import { ENVD_PORT, type EnvdInit, type SandboxId } from '@drowse/protocol'
import type { GuestAsset } from './assets.ts'
import type { BackgroundWork } from './background-work.ts'
import { initDaemon, startInDaemon } from './daemon-client.ts'
import type { DataFolder } from './data-folder.ts'
import type { NodeInit } from './node-client.ts'
import type { NodeEvents } from './node-events.ts'
import { layerRoot, sandboxFolder } from './sandbox-folder.ts'
import type { SandboxManifest } from './sandbox-manifest.ts'
import type { SandboxShelf } from './sandbox-shelf.ts'
import type { SlotTable } from './slots.ts'
import type { NodeOperation, StepHook } from './node-steps.ts'
import type { ReadyContainers } from './pool/ready-containers.ts'
import type { WarmPool } from './pool/warm-pool.ts'
import type { KillableOperations } from './killable-operations.ts'
import type { ImageHasher } from './images/image-hasher.ts'
import type { ImageScrub } from './images/image-scrub.ts'
import type { DiskMeter } from './usage/disk-meter.ts'
import { StepLog } from './step-log.ts'
import type { BootBuilds } from './templates/boot-failure.ts'
import type { FrozenTier } from './tiers/frozen-tier.ts'
import type { Trash } from './trash.ts'

/** What the operations of a node share. */
export interface NodeContext {
  folder: DataFolder
  engine: Engine
  /** Guest runtime of new boots. */
  guest: GuestAsset
  nameservers: readonly string[]
  /** PEM; undefined where the engine has no way to set headers. */
  egressAuthority: string | undefined
  clock: Clock
  logger: Logger
  shelf: SandboxShelf
  slots: SlotTable
  trash: Trash
  background: BackgroundWork
  events: NodeEvents
  operations: KillableOperations
  admission: Admission
  /** Paused and pooled sandboxes that are stopped in RAM. */
  frozen: FrozenTier
  pool: WarmPool
  diskMeter: DiskMeter
  /** Containers made ahead for paused sandboxes that are on disk only. */
  ready: ReadyContainers
  hasher: ImageHasher
  scrub: ImageScrub
  /** Longest time, in ms, that a paused sandbox stays frozen. */
  frozenLimitMs: number
  /** Longest time, in ms, in which a daemon that is well answers before a pause. */
  healthTimeoutMs: number
  onStep: StepHook
  /** Bytes that may still be written below a path. */
  freeBytes: (path: string) => Promise<number>
}

/** Begins the log line of one operation. */
export function beginSteps<Operation extends NodeOperation>(
  context: NodeContext,
  operation: Operation,
  id: string,
): StepLog<Operation> {
  return new StepLog({ operation, id, logger: context.logger, onStep: context.onStep })
}

/** The engine's spec of a sandbox. The same manifest always gives the same spec. */
export function specOf(context: NodeContext, manifest: SandboxManifest): SandboxSpec {
  const at = sandboxFolder(context.folder, manifest.id)
  return {
    id: manifest.id,
    directory: at.root,
    layers: manifest.layers.map((id) => layerRoot(context.folder, id)),
    upperDirectory: at.upper,
    workDirectory: at.work,
    guestDirectory: manifest.guest.path,
    hostname: manifest.hostname,
    network: manifest.network,
    limits: manifest.limits,
    ...(manifest.egress === undefined ? {} : { egress: manifest.egress }),
  }
}

/** What sandboxes of the node are booted with. */
export function bootBuilds({ engine, guest }: NodeContext): BootBuilds {
  return { engine: engine.build.build, guest: guest.hash }
}

/** Tells the daemon of a sandbox who it is; resolves when it has taken that. */
export async function introduce(
  context: NodeContext,
  manifest: SandboxManifest,
  init: NodeInit,
  identity: EnvdInit['identity'],
  signal: AbortSignal,
  { isUpdate }: Pick<EnvdInit, 'isUpdate'> = {},
): Promise<void> {
  const { egressAuthority } = context
  const body: EnvdInit = {
    timestamp: new Date(context.clock.nowMs()).toISOString(),
    ...(init.accessToken === undefined ? {} : { accessToken: init.accessToken }),
    envVars: init.envVars,
    hostname: manifest.hostname,
    nameservers: [...context.nameservers],
    identity,
    ...(egressAuthority !== undefined && needsAuthority(manifest.egress) ? { egressAuthority } : {}),
    ...(isUpdate === undefined ? {} : { isUpdate }),
  }
  await initDaemon(context.engine.endpoint(manifest.network, ENVD_PORT), manifest.id, body, signal)
}

/** After a boot from files: has what the template starts with run, and waits until it is ready. The daemon has been introduced. */
export async function startUp(
  context: NodeContext,
  manifest: SandboxManifest,
  init: NodeInit,
  signal: AbortSignal,
): Promise<void> {
  if (manifest.start === undefined) return
  const endpoint = context.engine.endpoint(manifest.network, ENVD_PORT)
  await startInDaemon(endpoint, manifest.id, manifest.start, { accessToken: init.accessToken, signal })
}

/** Destroys what the engine holds of a sandbox after the answer; the next operation on it waits for that. */
export function destroyBehind(context: NodeContext, id: SandboxId): void {
  void context.background.start(id, `end the processes of sandbox "${id}"`, () => context.engine.destroy(id))
}
