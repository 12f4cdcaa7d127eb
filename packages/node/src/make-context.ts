import { Admission, type SpareMemory } from './admission/admission.ts'
import { hostFacts } from './admission/host-facts.ts'
import { BackgroundWork } from './background-work.ts'
import { freeBytes } from './disk.ts'
import { ImageHasher } from './images/image-hasher.ts'
import { ImageScrub } from './images/image-scrub.ts'
import { KillableOperations } from './killable-operations.ts'
import type { NodeContext } from './node-context.ts'
import { NodeEvents } from './node-events.ts'
import { nodeSettings } from './node-settings.ts'
import { ReadyContainers } from './pool/ready-containers.ts'
import { WarmPool } from './pool/warm-pool.ts'
import type { SandboxNodeOptions } from './sandbox-node-options.ts'
import { sandboxFolder } from './sandbox-folder.ts'
import type { SandboxManifest } from './sandbox-manifest.ts'
import { SandboxShelf } from './sandbox-shelf.ts'
import { SlotTable } from './slots.ts'
import { fallToDisk } from './tiers/fall-to-disk.ts'
import { FrozenTier } from './tiers/frozen-tier.ts'
import { DiskMeter } from './usage/disk-meter.ts'
import { Trash } from './trash.ts'

const MIB = 1024 * 1024
/** Share of the host's memory that frozen sandboxes may keep unless the settings say another amount. */
const FROZEN_SHARE = 0.25
/**
 * Longest time, in ms, in which a daemon that is well answers. It answers in milliseconds, but a guest without CPU time, or one that prints as
 * fast as it can, takes a second or two; memory that is saved as silent is refused by a plain resume, so a false alarm costs its owner a lot.
 */
const HEALTH_TIMEOUT_MS = 5_000

/** Builds the parts of a node, once. */
export function makeContext(options: SandboxNodeOptions): NodeContext {
  const { folder, logger, clock } = options
  const settings = nodeSettings(options.settings)
  const host = options.host ?? hostFacts()
  const background = new BackgroundWork({ logger })
  const addressOf = ({ network }: SandboxManifest): string => options.engine.endpoint(network, 0).host
  const shelf = new SandboxShelf({ folder, addressOf })
  const frozen: FrozenTier = new FrozenTier({
    budgetBytes:
      settings.frozenMemoryMb === undefined ? host.memoryBytes * FROZEN_SHARE : settings.frozenMemoryMb * MIB,
    clock,
    isMemoryShort: () => admission.isMemoryShort,
    evict: (id) =>
      background
        .start(`evict ${id}`, `take the memory of sandbox "${id}" back`, () =>
          shelf.find(id)?.phase === 'pooled' ? context.pool.drop(id) : fallToDisk(context, id),
        )
        .then(() => ready.fillSoon()),
  })
  const ready: ReadyContainers = new ReadyContainers({ context: () => context, count: settings.readyContainers })
  const spare: SpareMemory = {
    get bytes() {
      return ready.bytes + frozen.bytes
    },
    // An empty container is made again in a moment; what is frozen took longer.
    giveUpOldest: async () => (await ready.dropOldest()) || (await frozen.evictOldest()),
  }
  const admission = new Admission({ host, settings, spare, running: () => shelf.running() })
  const context: NodeContext = {
    folder,
    engine: options.engine,
    guest: options.assets.guest,
    nameservers: options.nameservers,
    egressAuthority: options.egressAuthority,
    clock,
    logger,
    shelf,
    slots: new SlotTable(() => options.engine.foreignSlots()),
    trash: new Trash({ directory: folder.trash, background }),
    background,
    events: new NodeEvents(),
    operations: new KillableOperations(),
    admission,
    frozen,
    pool: new WarmPool({ context: () => context, size: settings.poolSize }),
    diskMeter: new DiskMeter({ clock, logger, directory: (id) => sandboxFolder(folder, id).upper }),
    ready,
    hasher: new ImageHasher({ context: () => context }),
    scrub: new ImageScrub({ context: () => context, everyMs: settings.imageCheckHours * 3_600_000 }),
    frozenLimitMs: settings.frozenMinutes * 60_000,
    healthTimeoutMs: options.healthTimeoutMs ?? HEALTH_TIMEOUT_MS,
    onStep: options.onStep ?? ((): void => {}),
    freeBytes: options.freeBytes ?? freeBytes,
  }
  return context
}
