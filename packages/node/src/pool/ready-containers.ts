import type { Timer } from '@drowse/common'
import type { SandboxId } from '@drowse/protocol'
import { pathExists } from '../disk.ts'
import { isSameBuild } from '../images/image-manifest.ts'
import { beginSteps, specOf, type NodeContext } from '../node-context.ts'
import type { SandboxManifest } from '../sandbox-manifest.ts'
import { QuietWork } from './quiet-work.ts'

/**
 * Memory that one container holds before anything is restored into it, in bytes. Measured: its cgroup is charged 15 MB, most of it the
 * private memory of the Sentry and the gofer; the rest is what the kernel keeps for its namespaces, mount and threads.
 */
const CONTAINER_BYTES = 20 * 1024 * 1024
/** How often, in ms, the memory of the containers is looked at while there are some. */
const SWEEP_MS = 5_000

/**
 * Containers made ahead for paused sandboxes that are on disk only, those that were paused last: a wake of such a one restores into what is
 * there. Each belongs to its sandbox (its root, network and limits are the sandbox's own) and is never seen as a running one. They count in
 * the memory of the frozen tier, never push a sandbox out of it, and are the first to go when memory is short.
 */
export class ReadyContainers {
  readonly #context: () => NodeContext
  readonly #count: number
  /** In the order in which they were made. */
  readonly #ids = new Set<SandboxId>()
  readonly #filling: QuietWork
  #sweep: Timer | undefined

  /** `context` is asked for at the first use only: the node's parts know each other. */
  constructor(options: { context: () => NodeContext; count: number }) {
    this.#context = options.context
    this.#count = options.count
    this.#filling = new QuietWork({
      context: options.context,
      what: 'make containers ahead',
      work: () => this.#fill(),
    })
  }

  /** Memory that all of them hold, in bytes. */
  get bytes(): number {
    return this.#ids.size * CONTAINER_BYTES
  }

  /** Takes a sandbox's container out, for a use of it or because it is going; says whether there was one. */
  take(id: SandboxId): boolean {
    return this.#ids.delete(id)
  }

  /** Counts a container that is there, and was not used after all. */
  putBack(id: SandboxId): void {
    this.#ids.add(id)
    this.#armSweep()
  }

  /** Counts one that an earlier run of the service made. False when it is of no use: the caller removes it. */
  async adopt(manifest: SandboxManifest): Promise<boolean> {
    if (this.#ids.size >= this.#count || !this.#hasRoom() || !(await this.#isWakeable(manifest))) return false
    this.putBack(manifest.id)
    return true
  }

  /** Gives up the container that was made first; resolves when it is gone, with false when there is none. */
  async dropOldest(): Promise<boolean> {
    const [oldest] = this.#ids
    if (oldest === undefined) return false
    await this.#drop(oldest)
    return true
  }

  /** Makes what is missing, and removes what others have a better claim to, once no operation is under way. */
  fillSoon(): void {
    if (this.#count > 0) this.#filling.soon()
  }

  /** Makes no more. Those that are there stay for the next run of the service. */
  stop(): void {
    this.#filling.stop()
    this.#sweep?.cancel()
  }

  async #fill(): Promise<void> {
    const { operations } = this.#context()
    const wanted = this.#wanted()
    for (const id of this.#ids) if (!wanted.includes(id)) await this.#drop(id)
    for (const id of wanted) {
      if (this.#ids.has(id)) continue
      if (this.#filling.isStopped || !this.#hasRoom()) return
      if (operations.isAnyBusy) {
        this.fillSoon()
        return
      }
      await this.#make(id)
    }
  }

  /** The paused sandboxes that are on disk only and were paused last, the last first. */
  #wanted(): SandboxId[] {
    const { shelf, frozen } = this.#context()
    const last: { id: SandboxId; at: string }[] = []
    for (const manifest of shelf.paused()) {
      const at = manifest.image?.createdAt
      if (at === undefined || frozen.has(manifest.id)) continue
      last.push({ id: manifest.id, at })
      // Times are ISO 8601 in UTC, whose order is that of their letters.
      last.sort((a, b) => (a.at < b.at ? 1 : -1)).splice(this.#count)
    }
    return last.map(({ id }) => id)
  }

  async #make(id: SandboxId): Promise<void> {
    const context = this.#context()
    // As an operation of the sandbox: a resume waits for it and finds it done, a kill ends it.
    const make = async (signal: AbortSignal): Promise<void> => {
      await context.background.settled(id)
      const manifest = context.shelf.find(id)
      if (manifest === undefined || !(await this.#isWakeable(manifest)) || context.frozen.has(id)) return
      signal.throwIfAborted()
      const steps = beginSteps(context, 'ready', id)
      try {
        await steps.run('create', () => context.engine.create(specOf(context, manifest)))
        signal.throwIfAborted()
      } catch (error) {
        if (!signal.aborted) steps.failed(error)
        throw error
      }
      this.putBack(id)
      steps.done()
    }
    // What failed is logged; the wake makes its container by itself.
    await context.operations.run(id, make).catch(() => undefined)
  }

  /** Whether a wake of the sandbox would restore an image. What else is wrong with the image the wake itself finds out. */
  async #isWakeable({ phase, image, guest }: SandboxManifest): Promise<boolean> {
    const { build } = this.#context().engine
    return phase === 'paused' && image !== null && isSameBuild(image.engine, build) && (await pathExists(guest.path))
  }

  async #drop(id: SandboxId): Promise<void> {
    const { operations, engine, shelf } = this.#context()
    this.take(id)
    await operations.runUninterrupted(id, async () => {
      if (this.#ids.has(id) || shelf.find(id)?.phase !== 'paused') return
      if ((await engine.status(id)) === 'created') await engine.destroy(id)
    })
  }

  #hasRoom(): boolean {
    const { admission, frozen } = this.#context()
    return frozen.hasRoom(this.bytes + CONTAINER_BYTES) && admission.hasMemory(CONTAINER_BYTES)
  }

  #armSweep(): void {
    if (this.#filling.isStopped || this.#sweep !== undefined || this.#ids.size === 0) return
    const { clock, admission, frozen, background } = this.#context()
    this.#sweep = clock.setTimer(SWEEP_MS, () => {
      this.#sweep = undefined
      if (admission.isMemoryShort || !frozen.hasRoom(this.bytes)) {
        void background.start('pool', 'remove a container', async () => void (await this.dropOldest()))
      }
      this.#armSweep()
    })
  }
}
