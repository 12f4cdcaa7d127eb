import { readdir } from 'node:fs/promises'
import { isNoEntry, KeyedMutex, prepareFile, type PreparedFile } from '@drowse/common'
import { DrowseError, isSandboxId, type SandboxId } from '@drowse/protocol'
import type { DataFolder } from './data-folder.ts'
import { PHASE_TRANSITIONS } from './phases.ts'
import { findJson } from './read-json.ts'
import { sandboxFolder } from './sandbox-folder.ts'
import { sandboxManifestSchema, slotOnlySchema, type SandboxManifest } from './sandbox-manifest.ts'

/** Manifests that are read at once; each holds a descriptor. */
const SCAN_AT_ONCE = 64

/** A folder under `sandboxes/` as {@link SandboxShelf.scan} finds it. */
export type ScannedFolder =
  | { kind: 'whole'; id: SandboxId; manifest: SandboxManifest }
  /** There is a manifest, but it cannot be read. `slot` is what it still tells. */
  | { kind: 'broken'; id: SandboxId; slot: number | undefined; error: unknown }
  /** Without a manifest and without files of a guest: nothing of it was ever answered. */
  | { kind: 'empty'; id: SandboxId }

/** The manifests of this host's sandboxes: read once at start, written through. */
export class SandboxShelf {
  readonly #folder: DataFolder
  readonly #manifests = new Map<SandboxId, SandboxManifest>()
  /** By address on the host's network: every connection that leaves by a rule asks whose it is. */
  readonly #byAddress = new Map<string, SandboxId>()
  readonly #broken = new Set<SandboxId>()
  readonly #writing = new KeyedMutex()
  readonly #addressOf: (manifest: SandboxManifest) => string

  constructor(options: { folder: DataFolder; addressOf: (manifest: SandboxManifest) => string }) {
    this.#folder = options.folder
    this.#addressOf = options.addressOf
  }

  /** Reads every folder that bears a sandbox's id; what it gives is not on the shelf until {@link put} or {@link putBroken}. */
  async scan(): Promise<ScannedFolder[]> {
    const names = (await readdir(this.#folder.sandboxes)).filter((name) => isSandboxId(name))
    const found: ScannedFolder[] = []
    for (let at = 0; at < names.length; at += SCAN_AT_ONCE) {
      const some = names.slice(at, at + SCAN_AT_ONCE)
      found.push(...(await Promise.all(some.map((name) => this.#scanOne(name)))))
    }
    return found
  }

  /**
   * Writes the manifest of a sandbox on the shelf, durably, then shows it. Throws "not_found" when the sandbox was removed
   * before or meanwhile, and "internal" on a phase change that is not legal.
   */
  async save(manifest: SandboxManifest): Promise<void> {
    await this.#writing.run(manifest.id, async () => {
      this.#assertLegal(manifest)
      const file = await this.#write(manifest)
      await this.#publish(manifest, file)
    })
  }

  /** As {@link save}, but it is `publish` that saves; until then the manifest is beside the one that holds, and may be taken away. */
  async prepare(manifest: SandboxManifest): Promise<PreparedFile> {
    const file = await this.#write(manifest)
    return { ...file, publish: () => this.#writing.run(manifest.id, () => this.#publish(manifest, file)) }
  }

  /** Shows a manifest that the disk holds already, or that its folder will be read as at the next start. */
  put(manifest: SandboxManifest): void {
    this.#forgetAddress(manifest.id) // it may have moved
    this.#manifests.set(manifest.id, manifest)
    this.#byAddress.set(this.#addressOf(manifest), manifest.id)
  }

  /** Shows a folder whose manifest cannot be read. */
  putBroken(id: SandboxId): void {
    this.#broken.add(id)
  }

  /** Forgets a sandbox. */
  remove(id: SandboxId): void {
    this.#forgetAddress(id)
    this.#manifests.delete(id)
    this.#broken.delete(id)
  }

  find(id: SandboxId): SandboxManifest | undefined {
    return this.#manifests.get(id)
  }

  /** The manifest of the sandbox with an address on the host's network. */
  at(address: string): SandboxManifest | undefined {
    const id = this.#byAddress.get(address)
    return id === undefined ? undefined : this.#manifests.get(id)
  }

  /** The manifest of a sandbox that calls may work on: "not_found" for an unknown one and for one that is not created yet, "conflict" for a broken one. */
  get(id: SandboxId): SandboxManifest {
    if (this.isBroken(id)) {
      throw new DrowseError('conflict', `Cannot use sandbox "${id}": its manifest cannot be read`)
    }
    const manifest = this.#require(id)
    if (manifest.phase === 'creating' || manifest.phase === 'pooled') throw notHere(id)
    return manifest
  }

  isBroken(id: SandboxId): boolean {
    return this.#broken.has(id)
  }

  /** Ids of everything on the shelf, broken ones included. */
  ids(): SandboxId[] {
    return [...this.#manifests.keys(), ...this.#broken]
  }

  /** Sandboxes that are paused. */
  paused(): SandboxManifest[] {
    return [...this.#manifests.values()].filter(({ phase }) => phase === 'paused')
  }

  /** Sandboxes that have processes and a claim on the host's memory and CPUs, those that come up included. */
  running(): SandboxManifest[] {
    return [...this.#manifests.values()].filter(({ phase }) => phase === 'running' || phase === 'booting')
  }

  #forgetAddress(id: SandboxId): void {
    const manifest = this.#manifests.get(id)
    const address = manifest === undefined ? undefined : this.#addressOf(manifest)
    if (address !== undefined && this.#byAddress.get(address) === id) this.#byAddress.delete(address)
  }

  async #write(manifest: SandboxManifest): Promise<PreparedFile> {
    return await prepareFile(sandboxFolder(this.#folder, manifest.id).manifest, JSON.stringify(manifest, null, 2))
  }

  /** For holders of the id's turn to write. */
  async #publish(manifest: SandboxManifest, file: PreparedFile): Promise<void> {
    this.#assertLegal(manifest)
    await file.publish()
    this.#require(manifest.id)
    this.put(manifest)
  }

  #assertLegal({ id, phase }: SandboxManifest): void {
    const before = this.#require(id).phase
    if (before === phase || PHASE_TRANSITIONS[before].includes(phase)) return
    throw new DrowseError('internal', `Cannot move sandbox "${id}" to "${phase}": it is "${before}"`)
  }

  #require(id: SandboxId): SandboxManifest {
    const manifest = this.#manifests.get(id)
    if (manifest === undefined) throw notHere(id)
    return manifest
  }

  async #scanOne(id: SandboxId): Promise<ScannedFolder> {
    const at = sandboxFolder(this.#folder, id)
    try {
      const manifest = await findJson(at.manifest, sandboxManifestSchema)
      if (manifest !== undefined) return { kind: 'whole', id, manifest }
      if (await isEmpty(at.upper)) return { kind: 'empty', id }
      return { kind: 'broken', id, slot: undefined, error: new Error('there are files but no manifest') }
    } catch (error) {
      const rest = await findJson(at.manifest, slotOnlySchema).catch(() => undefined)
      return { kind: 'broken', id, slot: rest?.network.slot, error }
    }
  }
}

async function isEmpty(path: string): Promise<boolean> {
  try {
    return (await readdir(path)).length === 0
  } catch (error) {
    if (isNoEntry(error)) return true
    throw error
  }
}

function notHere(id: SandboxId): DrowseError {
  return new DrowseError('not_found', `Cannot find sandbox "${id}": it is not on this node`)
}
