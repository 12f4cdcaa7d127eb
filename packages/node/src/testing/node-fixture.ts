import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FakeClock, silentLogger } from '@drowse/common'
import { FakeEngine, FakeHost, type EngineBuild } from '@drowse/engine'
import { ENVD_PORT, newSandboxId, type SandboxId } from '@drowse/protocol'
import type { HostFacts } from '../admission/host-facts.ts'
import { dataFolder, type DataFolder } from '../data-folder.ts'
import type { NodeCreateRequest } from '../node-client.ts'
import type { NodeSettings } from '../node-settings.ts'
import { createNode, type SandboxNode } from '../sandbox-node.ts'
import type { SandboxNodeOptions } from '../sandbox-node-options.ts'

/** Limits of the fixture's template `base`. */
const LIMITS = { memoryMb: 512, cpuCount: 2 }
const GIB = 1024 ** 3

/** A machine for tests: a fake host and a data folder with the template `base`, on which nodes are started one after the other. */
export class NodeFixture implements AsyncDisposable {
  readonly host = new FakeHost()
  readonly folder: DataFolder
  readonly clock = new FakeClock()
  /** Settings of the nodes that are started from here on. */
  settings: Partial<NodeSettings> = {}
  /** What nodes that are started take for the host: plenty, unless a test says otherwise. */
  facts: HostFacts = { memoryBytes: 64 * GIB, cpuCount: 8, availableBytes: () => 60 * GIB }
  readonly #nodes: SandboxNode[] = []

  private constructor(root: string) {
    this.folder = dataFolder(root)
  }

  static async make(): Promise<NodeFixture> {
    const fixture = new NodeFixture(await mkdtemp(join(tmpdir(), 'drowse-node-')))
    const { folder } = fixture
    await mkdir(join(folder.layers, 'debian', 'root'), { recursive: true })
    await mkdir(join(folder.templates, 'base'), { recursive: true })
    await mkdir(join(folder.guest, 'g1'), { recursive: true })
    const template = { id: 'base', names: ['base'], layers: ['debian'], ...LIMITS, diskSizeMb: 1024 }
    await writeFile(join(folder.templates, 'base', 'template.json'), JSON.stringify(template))
    return fixture
  }

  /** Starts a node on this machine, as a restart of the service does. */
  async startNode(options: Partial<SandboxNodeOptions> & { build?: Partial<EngineBuild> } = {}): Promise<SandboxNode> {
    const { build, ...rest } = options
    const node = createNode({
      folder: this.folder,
      engine: new FakeEngine(this.host, build),
      assets: {
        engine: { path: '/nowhere/runsc', sha256: '0', source: 'found' },
        guest: { path: join(this.folder.guest, 'g1'), hash: 'g1' },
      },
      nameservers: ['192.0.2.1'],
      clock: this.clock,
      logger: silentLogger,
      settings: this.settings,
      host: this.facts,
      healthTimeoutMs: 300,
      ...rest,
    })
    await node.start()
    // Only whole nodes are waited for at the end: one with a step hook may hang in it for ever, as a killed process does.
    if (options.onStep === undefined) this.#nodes.push(node)
    return node
  }

  /** Makes the warm images and fills the pool. */
  async fillPool(node: SandboxNode): Promise<void> {
    await node.warm()
    await this.clock.advance(1_000)
    await node.settled()
  }

  /** Adds one to the counter in the memory of a sandbox, and gives it. */
  async count(node: SandboxNode, id: SandboxId): Promise<number> {
    const { host, port } = await node.endpoint(id, ENVD_PORT)
    const response = await fetch(`http://${host}:${port}/counter`, { method: 'POST' })
    return Number(await response.text())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#nodes) await node[Symbol.asyncDispose]()
    await this.host[Symbol.asyncDispose]()
    await rm(this.folder.root, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** A create request for the template `base` with a new id. */
export function createRequest(): NodeCreateRequest {
  return {
    id: newSandboxId(),
    templateId: 'base',
    limits: LIMITS,
    init: { accessToken: 'secret', envVars: { A: '1' } },
  }
}

/** A step hook under which a node goes no further than `name`, as if killed there. */
export function dieAt(name: string): { onStep: (step: string) => Promise<void>; died: Promise<void> } {
  const died = Promise.withResolvers<void>()
  return {
    onStep: async (step) => {
      if (step !== name) return
      died.resolve()
      await new Promise<never>(() => {})
    },
    died: died.promise,
  }
}
