import { ensureDirectory, type Clock, type Logger } from '@drowse/common'
import type { Engine } from '@drowse/engine'
import { DrowseError, isSandboxId, type SandboxId } from '@drowse/protocol'
import type { EngineAsset, GuestAsset } from './assets.ts'
import { BackgroundWork } from './background-work.ts'
import type { DataFolder } from './data-folder.ts'
import { freeBytes } from './disk.ts'
import { KillableOperations } from './killable-operations.ts'
import type {
  NodeClient,
  NodeCreateRequest,
  NodeInit,
  NodeResumeResult,
  NodeSandbox,
  NodeTemplate,
} from './node-client.ts'
import type { NodeContext } from './node-context.ts'
import { createSandbox } from './operations/create-sandbox.ts'
import { killSandbox } from './operations/kill-sandbox.ts'
import { pauseSandbox } from './operations/pause-sandbox.ts'
import { resumeSandbox } from './operations/resume-sandbox.ts'
import { reconcile } from './reconcile.ts'
import { SandboxShelf } from './sandbox-shelf.ts'
import { SlotTable } from './slots.ts'
import type { StepHook } from './step-log.ts'
import { listTemplates } from './templates/template-store.ts'
import { warmTemplate } from './templates/warm-template.ts'
import { Trash } from './trash.ts'

/** Longest time, in ms, that a stop waits for operations and deletions; what is left is finished at the next start. */
const STOP_TIMEOUT_MS = 20_000

/** What a node is made of. */
export interface SandboxNodeOptions {
  folder: DataFolder
  engine: Engine
  /** As `readAssets` gives them. */
  assets: { engine: EngineAsset; guest: GuestAsset }
  /** Name servers of every sandbox. */
  nameservers: readonly string[]
  clock: Clock
  logger: Logger
  /** Called after each step of an operation; default nothing. For tests that cut an operation there. */
  onStep?: StepHook
  /** Bytes that may still be written below a path; default the filesystem's own answer. */
  freeBytes?: (path: string) => Promise<number>
}

/** All sandboxes of one host, over an engine. Call {@link start} before anything else. */
export class SandboxNode implements NodeClient, AsyncDisposable {
  readonly #context: NodeContext
  readonly #operations = new KillableOperations()
  readonly #warming = new Map<string, Promise<void>>()

  constructor(options: SandboxNodeOptions) {
    const { folder, logger } = options
    const background = new BackgroundWork({ logger })
    this.#context = {
      folder,
      engine: options.engine,
      guest: options.assets.guest,
      nameservers: options.nameservers,
      clock: options.clock,
      logger,
      shelf: new SandboxShelf({ folder }),
      slots: new SlotTable(),
      trash: new Trash({ directory: folder.trash, background }),
      background,
      onStep: options.onStep ?? ((): void => {}),
      freeBytes: options.freeBytes ?? freeBytes,
    }
  }

  /** Makes folders and engine agree: adopts what runs, finishes or undoes what was cut, removes what nobody was told of. */
  async start(): Promise<void> {
    const { folder, trash } = this.#context
    for (const path of [folder.sandboxes, folder.layers, folder.templates]) await ensureDirectory(path)
    await trash.open()
    await reconcile(this.#context)
  }

  /**
   * Makes the warm images that are missing or of another build, one after the other. Calls at the same time share the work.
   * Creates meanwhile boot from files. Throws the first failure after all templates had their turn.
   */
  async warm(): Promise<void> {
    const failures: unknown[] = []
    for (const template of await listTemplates(this.#context.folder)) {
      try {
        await this.#warmOnce(template.id, () => warmTemplate(this.#context, template))
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }

  async create(request: NodeCreateRequest): Promise<void> {
    if (!isSandboxId(request.id)) {
      throw new DrowseError('invalid_argument', `Cannot create sandbox "${request.id as string}": the id is malformed`)
    }
    await this.#operate(request.id, (signal) => createSandbox(this.#context, request, signal))
  }

  async pause(id: SandboxId, options: { memory: boolean }): Promise<void> {
    await this.#operate(id, (signal) => pauseSandbox(this.#context, id, options, signal))
  }

  async resume(id: SandboxId, options: { init: NodeInit; memory: boolean }): Promise<NodeResumeResult> {
    return this.#operate(id, (signal) => resumeSandbox(this.#context, id, options, signal))
  }

  async kill(id: SandboxId): Promise<void> {
    // The id names a folder that is taken away: nothing but an id may get there.
    if (!isSandboxId(id)) return
    await killSandbox(this.#context, this.#operations, id).catch(throwNodeError)
  }

  async find(id: SandboxId): Promise<NodeSandbox | undefined> {
    const { shelf, engine } = this.#context
    if (shelf.isBroken(id)) return { id, status: 'broken', hasMemory: false }
    const phase = shelf.find(id)?.phase
    if (phase === undefined || phase === 'creating') return undefined
    const isAlive = phase === 'running' && isAliveStatus(await engine.status(id))
    // Read again: an operation may have ended while the engine was asked.
    const manifest = shelf.find(id)
    if (manifest === undefined) return undefined
    if (manifest.phase === 'running') return { id, status: isAlive ? 'running' : 'paused', hasMemory: false }
    return { id, status: 'paused', hasMemory: manifest.image !== null }
  }

  async inventory(): Promise<NodeSandbox[]> {
    const found = await Promise.all(this.#context.shelf.ids().map((id) => this.find(id)))
    return found.filter((sandbox) => sandbox !== undefined)
  }

  async templates(): Promise<NodeTemplate[]> {
    return (await listTemplates(this.#context.folder)).map((template) => ({
      id: template.id,
      names: template.names,
      limits: { memoryMb: template.memoryMb, cpuCount: template.cpuCount },
      diskSizeMb: template.diskSizeMb,
    }))
  }

  async endpoint(id: SandboxId, port: number): Promise<{ host: string; port: number }> {
    const manifest = this.#context.shelf.get(id)
    if (manifest.phase === 'running') return this.#context.engine.endpoint(manifest.network, port)
    throw new DrowseError('not_found', `Cannot reach sandbox "${id}": it is paused`)
  }

  /** Waits for what is under way, at most 20 s. Sandboxes go on running; the next node adopts them. */
  async [Symbol.asyncDispose](): Promise<void> {
    const timeout = Promise.withResolvers<void>()
    const timer = this.#context.clock.setTimer(STOP_TIMEOUT_MS, () => timeout.resolve())
    const idle = async (): Promise<void> => {
      await Promise.allSettled(this.#warming.values())
      await this.#operations.drained()
      await this.#context.background.drained()
    }
    await Promise.race([idle(), timeout.promise])
    timer.cancel()
  }

  async #operate<T>(id: SandboxId, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    return this.#operations.run(id, work).catch(throwNodeError)
  }

  async #warmOnce(id: string, work: () => Promise<void>): Promise<void> {
    const running = this.#warming.get(id)
    if (running !== undefined) return running
    const mine = work().finally(() => this.#warming.delete(id))
    this.#warming.set(id, mine)
    return mine
  }
}

/** Makes a node; call `start` on it before anything else. */
export function createNode(options: SandboxNodeOptions): SandboxNode {
  return new SandboxNode(options)
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
