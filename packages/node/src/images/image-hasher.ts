import type { Timer } from '@drowse/common'
import type { SandboxId } from '@drowse/protocol'
import { beginSteps, type NodeContext } from '../node-context.ts'
import { sandboxFolder } from '../sandbox-folder.ts'
import { hashFiles } from './hash-files.ts'
import { findImageManifest, rewriteImageManifest, type ImageManifest } from './image-manifest.ts'

/** Time, in ms, that an image has to be used again before it is hashed: many are, by a client that comes back at once. */
const DELAY_MS = 2_000

/** Hashes saved memory after its pause was answered, one image at a time, and keeps the hashes in the manifests. */
export class ImageHasher {
  readonly #context: () => NodeContext
  readonly #waiting = new Map<SandboxId, Timer>()
  readonly #running = new Map<SandboxId, AbortController>()
  #isStopped = false

  constructor(options: { context: () => NodeContext }) {
    this.#context = options.context
  }

  /** Hashes the image of a paused sandbox when its turn comes. An image that is used or removed before is left out. */
  start(id: SandboxId): void {
    this.cancel(id)
    if (this.#isStopped) return
    const { clock, background } = this.#context()
    const hash = (): void => {
      this.#waiting.delete(id)
      void background.start('hash', `hash the saved memory of sandbox "${id}"`, () => this.#hash(id))
    }
    this.#waiting.set(id, clock.setTimer(DELAY_MS, hash))
  }

  /** Ends the hashing of an image that is about to be used or removed: it would compete for the disk. */
  cancel(id: SandboxId): void {
    this.#waiting.get(id)?.cancel()
    this.#waiting.delete(id)
    this.#running.get(id)?.abort()
  }

  /** Ends all; what was not hashed is hashed after the next start. */
  stop(): void {
    this.#isStopped = true
    for (const id of [...this.#waiting.keys(), ...this.#running.keys()]) this.cancel(id)
  }

  /**
   * Compares the content of a sandbox's saved memory with its hashes. Resolves with the damage as a sentence, which is also kept, so that no wake
   * restores the image; with `undefined` when it is whole, not hashed yet, or used meanwhile. Throws "not_found" for an unknown sandbox
   * and "exec_failed" when a file cannot be read.
   */
  async verify(id: SandboxId): Promise<string | undefined> {
    const context = this.#context()
    const { image } = context.shelf.get(id)
    const hashed = image?.files.filter((file) => file.sha256 !== undefined) ?? []
    if (image === null || hashed.length === 0 || image.damage !== undefined) return image?.damage
    const directory = sandboxFolder(context.folder, id).image
    const names = hashed.map((file) => file.name)
    const hashes = await this.#hashWhileUnused(id, directory, names)
    if (hashes === undefined) return undefined
    const damaged = names.find((_, at) => hashes[at] !== hashed[at]?.sha256)
    if (damaged === undefined) return undefined
    const damage = `the saved memory is damaged: "${damaged}" has not its content`
    if (!(await this.#keep(id, image, { ...image, damage }))) return undefined
    context.logger.error({ sandboxId: id }, `${damage}; its next start will be from its files`)
    context.events.emit({ id, kind: 'image-damaged', reason: damage })
    return damage
  }

  /** Undefined when the image began to be used. */
  async #hashWhileUnused(id: SandboxId, directory: string, names: readonly string[]): Promise<string[] | undefined> {
    const controller = new AbortController()
    this.#running.set(id, controller)
    try {
      return await hashFiles(directory, names, controller.signal)
    } catch (error) {
      if (controller.signal.aborted) return undefined
      throw error
    } finally {
      if (this.#running.get(id) === controller) this.#running.delete(id)
    }
  }

  async #hash(id: SandboxId): Promise<void> {
    const context = this.#context()
    const image = context.shelf.find(id)?.image
    if (
      this.#isStopped ||
      image === null ||
      image === undefined ||
      image.files.every(({ sha256 }) => sha256 !== undefined)
    )
      return
    const steps = beginSteps(context, 'hash', id)
    const controller = new AbortController()
    const { signal } = controller
    this.#running.set(id, controller)
    const directory = sandboxFolder(context.folder, id).image
    try {
      const names = image.files.map(({ name }) => name)
      const hashes = await steps.run('files', () => hashFiles(directory, names, signal))
      const files = image.files.map((file, at) => {
        const sha256 = hashes[at]
        return sha256 === undefined ? file : { ...file, sha256 }
      })
      if (await this.#keep(id, image, { ...image, files })) steps.done({ bytes: image.bytes })
    } catch (error) {
      if (!signal.aborted) steps.failed(error)
    } finally {
      if (this.#running.get(id) === controller) this.#running.delete(id)
    }
  }

  /** Replaces what is known of an image, in both manifests, unless it was used meanwhile. */
  async #keep(id: SandboxId, before: ImageManifest, after: ImageManifest): Promise<boolean> {
    const context = this.#context()
    return context.operations.runUninterrupted(id, async () => {
      const manifest = context.shelf.find(id)
      const { image: directory } = sandboxFolder(context.folder, id)
      if (manifest?.phase !== 'paused' || manifest.image?.createdAt !== before.createdAt) return false
      const onDisk = await findImageManifest(directory)
      if (onDisk?.generation !== before.generation) return false
      await rewriteImageManifest(directory, after)
      await context.shelf.save({ ...manifest, image: after })
      return true
    })
  }
}
