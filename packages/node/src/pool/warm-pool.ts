import type { Timer } from '@drowse/common'
import type { SandboxLimits } from '@drowse/engine'
import type { SandboxId } from '@drowse/protocol'
import type { TemplateDefinition } from '../assets.ts'
import type { NodeContext } from '../node-context.ts'
import { removeSandbox } from '../operations/remove-sandbox.ts'
import type { SandboxManifest } from '../sandbox-manifest.ts'
import {
  findWarmImage,
  findWarmManifest,
  getTemplate,
  listTemplates,
  type WarmImage,
} from '../templates/template-store.ts'
import type { WarmManifest } from '../templates/warm-manifest.ts'
import { makePoolMember } from './pool-member.ts'
import { QuietWork } from './quiet-work.ts'

/** Name of the template that is always in use. */
const BASE = 'base'
/** How long, in ms, a template counts as in use after a create from it. */
const HOT_MS = 30 * 60_000
/** Time, in ms, from a claim to the create: callers create at once. */
const CLAIM_MS = 60_000
/** Memory that a member is expected to hold, in bytes: 35–42 MB were measured for a small one (engine.md), and its image may be larger. */
const LEAST_MEMBER_BYTES = 48 * 1024 * 1024

/** Sandboxes that were made ahead and wait, frozen, for a create. Their memory counts in the frozen tier, which may take it back. */
export class WarmPool {
  readonly #context: () => NodeContext
  readonly #size: number
  /** Members that nobody has claimed, the oldest first. */
  readonly #members = new Map<SandboxId, { templateId: string }>()
  readonly #usedAtMs = new Map<string, number>()
  readonly #refilling: QuietWork
  #cooling: Timer | undefined

  /** `context` is asked for at the first use only: the node's parts know each other. */
  constructor(options: { context: () => NodeContext; size: number }) {
    this.#context = options.context
    this.#size = options.size
    this.#refilling = new QuietWork({
      context: options.context,
      what: 'fill the pool',
      work: () => this.#refill(),
    })
  }

  /** Hands out a member for a create; `undefined` when none fits. */
  async claim(templateId: string, limits: SandboxLimits): Promise<SandboxId | undefined> {
    const context = this.#context()
    const isKnown = [...this.#members.values()].some((member) => member.templateId === templateId)
    if (!isKnown) return undefined
    const template = await getTemplate(context.folder, templateId)
    // Whether the image is whole says nothing of members: they have been restored from it.
    const warm = await findWarmManifest(context, template, limits)
    if (warm === undefined) return undefined
    for (const [id, member] of this.#members) {
      if (member.templateId !== templateId || !this.#isOf(warm, id)) continue
      this.#members.delete(id)
      this.#promise(id)
      return id
    }
    return undefined
  }

  /** Counts a create from a template, so that its place in the pool is filled, behind. */
  noteUse(templateId: string): void {
    this.#usedAtMs.set(templateId, this.#context().clock.nowMs())
    this.refillSoon()
  }

  /** Takes a frozen member of an earlier run of the service in, or removes it when its template has changed. */
  async adopt(manifest: SandboxManifest): Promise<void> {
    const context = this.#context()
    const { id, templateId } = manifest
    const template = await getTemplate(context.folder, templateId).catch(() => undefined)
    const warm = template === undefined ? undefined : await findWarmImage(context, template, manifest.limits)
    const isWanted = this.#size > 0 && warm !== undefined && this.#isOf(warm, id)
    const bytes = isWanted ? await context.engine.memoryBytes(id) : 0
    if (isWanted && context.frozen.keep({ id, bytes, sinceMs: Date.parse(manifest.createdAt) })) {
      this.#members.set(id, { templateId })
    } else await removeSandbox(context, id)
  }

  /** Removes a member whose memory is taken back. One that became a sandbox meanwhile is left alone. */
  async drop(id: SandboxId): Promise<void> {
    const context = this.#context()
    this.#members.delete(id)
    await context.operations.runUninterrupted(id, async () => {
      if (context.shelf.find(id)?.phase === 'pooled') await removeSandbox(context, id)
    })
  }

  /** Makes what is missing once no create or resume is under way. */
  refillSoon(): void {
    if (this.#size > 0) this.#refilling.soon()
  }

  /** Makes no more members. Those that are there stay frozen for the next run of the service. */
  stop(): void {
    this.#refilling.stop()
    this.#cooling?.cancel()
  }

  /** One that is claimed and never created gives its memory back. */
  #promise(id: SandboxId): void {
    const { frozen, clock } = this.#context()
    const entry = frozen.take(id)
    const sinceMs = clock.nowMs()
    if (entry !== undefined) frozen.keep({ ...entry, sinceMs, untilMs: sinceMs + CLAIM_MS })
  }

  async #refill(): Promise<void> {
    const context = this.#context()
    const templates = await listTemplates(context.folder)
    for (const id of this.#members.keys()) if (!(await this.#isWanted(id, templates))) await this.drop(id)
    for (const template of templates) {
      if (!this.#isHot(template)) continue
      const limits = { memoryMb: template.memoryMb, cpuCount: template.cpuCount }
      const warm = await findWarmImage(context, template, limits)
      if (warm === undefined) continue
      while (this.#count(template.id) < this.#size && this.#hasRoom(warm)) {
        if (this.#refilling.isStopped) return
        if (context.operations.isAnyBusy) return this.refillSoon()
        const id = await makePoolMember(context, template, warm)
        if (context.frozen.has(id)) this.#members.set(id, { templateId: template.id })
        else return undefined
      }
    }
    this.#armCooling(templates)
    return undefined
  }

  async #isWanted(id: SandboxId, templates: readonly TemplateDefinition[]): Promise<boolean> {
    const context = this.#context()
    const manifest = context.shelf.find(id)
    const template = templates.find((each) => each.id === manifest?.templateId)
    if (manifest === undefined || template === undefined || !this.#isHot(template)) return false
    const warm = await findWarmImage(context, template, manifest.limits)
    return warm !== undefined && this.#isOf(warm, id)
  }

  /** Whether a member was restored from `warm` and still is one. */
  #isOf(warm: WarmManifest, id: SandboxId): boolean {
    const manifest = this.#context().shelf.find(id)
    return manifest?.phase === 'pooled' && manifest.layers[0] === warm.layer && manifest.guest.path === warm.guest.path
  }

  #isHot(template: TemplateDefinition): boolean {
    if (template.id === BASE || template.names.includes(BASE)) return true
    const usedAtMs = this.#usedAtMs.get(template.id)
    return usedAtMs !== undefined && usedAtMs + HOT_MS > this.#context().clock.nowMs()
  }

  #count(templateId: string): number {
    return [...this.#members.values()].filter((member) => member.templateId === templateId).length
  }

  /** Pool members never push a paused sandbox out of RAM, nor the host into its reserve. */
  #hasRoom(warm: WarmImage): boolean {
    const { admission, frozen } = this.#context()
    const bytes = Math.max(LEAST_MEMBER_BYTES, warm.bytes)
    return frozen.hasRoom(bytes) && admission.hasMemory(bytes)
  }

  /** Members of a template that is in use no longer go when its time is over. */
  #armCooling(templates: readonly TemplateDefinition[]): void {
    this.#cooling?.cancel()
    const { clock } = this.#context()
    const untilMs = templates
      .filter((template) => this.#isHot(template) && this.#count(template.id) > 0)
      .map((template) => (this.#usedAtMs.get(template.id) ?? 0) + HOT_MS)
      .filter((atMs) => atMs > clock.nowMs())
    if (untilMs.length === 0 || this.#refilling.isStopped) return
    this.#cooling = clock.setTimer(Math.min(...untilMs) - clock.nowMs(), () => this.refillSoon())
  }
}
