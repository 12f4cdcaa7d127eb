import { ensureDirectory, SingleFlight } from '@drowse/common'
import type { EgressPolicy, EngineEvent, SandboxLimits, Traffic } from '@drowse/engine'
import { DrowseError, isSandboxId, type SandboxId } from '@drowse/protocol'
import type { TemplateDefinition } from './assets.ts'
import type {
  NodeClient,
  NodeCreateRequest,
  NodeEvent,
  NodeInit,
  NodePauseResult,
  NodeResumeResult,
  NodeSandbox,
  NodeTemplate,
  NodeUsage,
} from './node-client.ts'
import { bootBuilds, type NodeContext } from './node-context.ts'
import { createSandbox } from './operations/create-sandbox.ts'
import type { ImageManifest } from './images/image-manifest.ts'
import { makeContext } from './make-context.ts'
import { killSandbox } from './operations/kill-sandbox.ts'
import { pauseSandbox } from './operations/pause-sandbox.ts'
import { resumeSandbox } from './operations/resume-sandbox.ts'
import { setEgress } from './operations/set-egress.ts'
import { reconcile } from './reconcile.ts'
import type { SandboxNodeOptions } from './sandbox-node-options.ts'
import { findBootFailure } from './templates/boot-failure.ts'
import {
  findLastBuild,
  listTemplateBuilds,
  type TemplateBuildHistory,
  type TemplateBuildStatus,
} from './templates/template-builds.ts'
import { listTemplates } from './templates/template-store.ts'
import { warmTemplate } from './templates/warm-template.ts'
import { tierOf } from './tiers/sandbox-tier.ts'
import { settleDeath } from './tiers/settle-death.ts'
import { readUsage, trafficOf } from './usage/read-usage.ts'

/** Longest time, in ms, that a stop waits for operations and deletions; what is left is finished at the next start. */
const STOP_TIMEOUT_MS = 20_000

/** All sandboxes of one host, over an engine. Call {@link start} before anything else. */
export class SandboxNode implements NodeClient, AsyncDisposable {
  readonly #context: NodeContext
  readonly #warming = new SingleFlight<void>()
  #stopListening: (() => void) | undefined

  constructor(options: SandboxNodeOptions) {
    this.#context = makeContext(options)
  }

  /** Makes folders and engine agree: adopts what runs, finishes or undoes what was cut, removes what nobody was told of. */
  async start(): Promise<void> {
    const { folder, trash, shelf, engine, hasher, pool, ready, scrub } = this.#context
    for (const path of [folder.sandboxes, folder.layers, folder.templates]) await ensureDirectory(path)
    await trash.open()
    await reconcile(this.#context)
    this.#stopListening = engine.onEvent((event) => onEngineEvent(this.#context, event))
    for (const id of shelf.ids()) if (isUnhashed(shelf.find(id)?.image)) hasher.start(id)
    pool.refillSoon()
    ready.fillSoon()
    scrub.start()
  }

  /**
   * Makes the warm images that are missing or of another build, one after the other. Calls at the same time share the work.
   * Creates meanwhile boot from files. Throws the first failure after all templates had their turn.
   */
  async warm(): Promise<void> {
    const failures: unknown[] = []
    for (const template of await listTemplates(this.#context.folder)) {
      try {
        await this.#warming.run(template.id, () => warmTemplate(this.#context, template))
      } catch (error) {
        failures.push(error)
      }
    }
    this.#context.pool.refillSoon()
    if (failures.length > 0) throw failures[0]
  }

  async claim(templateId: string, limits: SandboxLimits): Promise<SandboxId | undefined> {
    return this.#context.pool.claim(templateId, limits).catch(throwNodeError)
  }

  onEvent(listener: (event: NodeEvent) => void): () => void {
    return this.#context.events.listen(listener)
  }

  async create(request: NodeCreateRequest): Promise<void> {
    if (!isSandboxId(request.id)) {
      throw new DrowseError('invalid_argument', `Cannot create sandbox "${request.id as string}": the id is malformed`)
    }
    await this.#operate(request.id, (signal) => createSandbox(this.#context, request, signal))
    this.#context.pool.noteUse(request.templateId)
  }

  async pause(id: SandboxId, options: { memory: boolean; requireHealthyGuest?: boolean }): Promise<NodePauseResult> {
    return this.#operate(id, (signal) => pauseSandbox(this.#context, id, options, signal))
  }

  async resume(id: SandboxId, options: { init: NodeInit; memory: boolean }): Promise<NodeResumeResult> {
    return this.#operate(id, (signal) => resumeSandbox(this.#context, id, options, signal))
  }

  async setEgress(id: SandboxId, policy: EgressPolicy | undefined, init: NodeInit): Promise<void> {
    await this.#operate(id, (signal) => setEgress(this.#context, id, { policy, init }, signal))
  }

  /** The egress policy of the sandbox whose address on the host's network is `address`, if it has one. */
  egressAt(address: string): EgressPolicy | undefined {
    return this.#context.shelf.at(address)?.egress
  }

  async kill(id: SandboxId): Promise<void> {
    // The id names a folder that is taken away: nothing but an id may get there.
    if (!isSandboxId(id)) return
    await killSandbox(this.#context, id).catch(throwNodeError)
    this.#context.ready.fillSoon()
  }

  async find(id: SandboxId): Promise<NodeSandbox | undefined> {
    const { shelf, engine } = this.#context
    if (shelf.isBroken(id)) return { id, status: 'broken', hasMemory: false }
    const phase = shelf.find(id)?.phase
    if (phase === undefined || phase === 'creating' || phase === 'pooled') return undefined
    const isAlive = phase === 'running' && isAliveStatus(await engine.status(id))
    // Read again: an operation may have ended while the engine was asked.
    const manifest = shelf.find(id)
    if (manifest === undefined) return undefined
    const rules = manifest.egress === undefined ? {} : { egress: manifest.egress }
    if (manifest.phase === 'running' && isAlive) {
      const { coldStart, generation } = manifest
      const cold = coldStart?.generation === generation ? { coldReason: coldStart.reason } : {}
      return { id, status: 'running', hasMemory: false, ...rules, ...cold }
    }
    const image = manifest.phase === 'running' ? null : manifest.image
    const mark = image?.wasGuestSilent === true ? { wasGuestSilent: true } : {}
    return { id, status: 'paused', hasMemory: image !== null, tier: tierOf(this.#context, manifest), ...rules, ...mark }
  }

  async inventory(): Promise<NodeSandbox[]> {
    const found = await Promise.all(this.#context.shelf.ids().map((id) => this.find(id)))
    return found.filter((sandbox) => sandbox !== undefined)
  }

  async usage(): Promise<NodeUsage[]> {
    return readUsage(this.#context)
  }

  async traffic(id: SandboxId): Promise<Traffic | undefined> {
    const manifest = this.#context.shelf.find(id)
    return manifest === undefined ? undefined : trafficOf(this.#context, manifest)
  }

  async templates(): Promise<NodeTemplate[]> {
    const { folder } = this.#context
    const builds = bootBuilds(this.#context)
    const describe = async (template: TemplateDefinition): Promise<NodeTemplate> => {
      const { id, names, memoryMb, cpuCount, diskSizeMb } = template
      const failure = await findBootFailure(folder, template, builds)
      // What may pass with the host's state is for the create to find out.
      const trouble = failure?.isOfGuest === true ? { trouble: failure.reason } : {}
      return { id, names, limits: { memoryMb, cpuCount }, diskSizeMb, ...trouble }
    }
    return await Promise.all((await listTemplates(folder)).map(describe))
  }

  async lastBuild(templateId: string): Promise<TemplateBuildHistory | undefined> {
    return await findLastBuild(this.#context.folder, templateId, this.#context.clock.nowMs())
  }

  async templateBuilds(): Promise<TemplateBuildStatus[]> {
    return await listTemplateBuilds(this.#context.folder, this.#context.clock.nowMs())
  }

  async endpoint(id: SandboxId, port: number): Promise<{ host: string; port: number }> {
    const manifest = this.#context.shelf.get(id)
    if (manifest.phase === 'running') return this.#context.engine.endpoint(manifest.network, port)
    throw new DrowseError('not_found', `Cannot reach sandbox "${id}": it is paused`)
  }

  /**
   * Reads all of a paused sandbox's saved memory, about a second a GiB, and compares it with its hashes. Resolves with the damage as a sentence;
   * wakes refuse such an image from then on and boot from files. `undefined` when it is whole or there is nothing to compare yet.
   */
  async verify(id: SandboxId): Promise<string | undefined> {
    return this.#context.hasher.verify(id)
  }

  /** Waits for operations and for what goes on behind their answers: deletions, evictions, hashes, the pool. */
  async settled(): Promise<void> {
    await this.#warming.settled()
    await this.#context.operations.drained()
    await this.#context.background.drained()
  }

  /** Waits for what is under way, at most 20 s. Sandboxes go on running; the next node adopts them. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { pool, ready, hasher, frozen, diskMeter, scrub } = this.#context
    this.#stopListening?.()
    for (const part of [pool, ready, scrub, hasher, frozen, diskMeter]) part.stop()
    const timeout = Promise.withResolvers<void>()
    const timer = this.#context.clock.setTimer(STOP_TIMEOUT_MS, () => timeout.resolve())
    await Promise.race([this.settled(), timeout.promise])
    timer.cancel()
  }

  async #operate<T>(id: SandboxId, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await this.#context.operations.run(id, work)
    } catch (error) {
      return throwNodeError(error)
    } finally {
      this.#context.ready.fillSoon()
    }
  }
}

/** Makes a node; call `start` on it before anything else. */
export function createNode(options: SandboxNodeOptions): SandboxNode {
  return new SandboxNode(options)
}

/** What happens in the engine by itself, told to those who listen to the node once it is durable. */
function onEngineEvent(context: NodeContext, event: EngineEvent): void {
  const { background, events, shelf } = context
  // Scratch of a warm-up has events too.
  if (!isSandboxId(event.id)) return
  const { id } = event
  if (event.kind === 'memory-limit') {
    if (shelf.find(id)?.phase === 'running') events.emit({ id, kind: 'memory-limit', process: event.process })
    return
  }
  void background.start(`died ${id}`, `settle the end of sandbox "${id}"`, () => settleDeath(context, id))
}

function isUnhashed(image: ImageManifest | null | undefined): boolean {
  return image?.files.some(({ sha256 }) => sha256 === undefined) ?? false
}

function isAliveStatus(status: string): boolean {
  return status === 'running' || status === 'frozen'
}

/** Makes a failure of the filesystem one of ours; the engine's are already. */
function throwNodeError(error: unknown): never {
  const isFull = error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')
  if (isFull)
    throw new DrowseError('disk_full', 'Cannot write the state of a sandbox: the disk is full', { cause: error })
  throw DrowseError.from(error)
}
