import { randomBytes, randomInt } from 'node:crypto'
import { copyFile, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLogger, silentLogger, systemClock } from '@drowse/common'
import { createGvisorEngine, findTestAssets, removeInstanceCgroup, type Engine } from '@drowse/engine'
import { ENVD_PORT, newSandboxId, type SandboxId } from '@drowse/protocol'
import { dataFolder, type DataFolder } from '../data-folder.ts'
import type { NodeInit } from '../node-client.ts'
import type { NodeSettings } from '../node-settings.ts'
import { createNode, type SandboxNode } from '../sandbox-node.ts'

/** Limits of the machine's template `base`. */
export const LIMITS = { memoryMb: 512, cpuCount: 1 }
/** What every sandbox of a test is told. */
export const INIT: NodeInit = { accessToken: 'secret', envVars: { A: '1' } }

/** A data folder with the template `base` over gVisor, on which nodes are started one after the other. Everything goes with it. */
export class RealMachine implements AsyncDisposable {
  readonly folder: DataFolder
  readonly engine: Engine
  readonly #guest: string
  readonly #runsc: { path: string; sha256: string }
  readonly #cleanup: AsyncDisposableStack

  private constructor(folder: DataFolder, engine: Engine, guest: string, runsc: { path: string; sha256: string }) {
    this.folder = folder
    this.engine = engine
    this.#guest = guest
    this.#runsc = runsc
    this.#cleanup = new AsyncDisposableStack()
  }

  static async make(): Promise<RealMachine> {
    const folder = dataFolder(await mkdtemp(join(tmpdir(), 'drowse-node-')))
    const instance = randomBytes(3).toString('hex')
    const guest = join(folder.guest, 'g1')
    const assets = findTestAssets()
    await cp(assets.guest, guest, { recursive: true })
    await copyFile(fileURLToPath(new URL('guest-daemon.mjs', import.meta.url)), join(guest, 'daemon.mjs'))
    for (const name of ['tmp', 'proc', 'dev', 'etc', 'sys']) {
      await mkdir(join(folder.layers, 'debian', 'root', name), { recursive: true })
    }
    await mkdir(join(folder.templates, 'base'), { recursive: true })
    const template = { id: 'base', names: ['base'], layers: ['debian'], ...LIMITS, diskSizeMb: 1024 }
    await writeFile(join(folder.templates, 'base', 'template.json'), JSON.stringify(template))
    const runsc = { path: assets.runsc, sha256: 'for-tests' }
    const sandboxSubnet = `10.${randomInt(225, 250)}.${randomInt(256)}.0/24`
    const logger = silentLogger
    const engine = createGvisorEngine({ runsc, stateDirectory: folder.runsc, instance, sandboxSubnet, logger })
    const machine = new RealMachine(folder, engine, guest, runsc)
    machine.#cleanup.defer(() => rm(folder.root, { recursive: true }))
    machine.#cleanup.defer(async () => {
      for (const { id } of await engine.list()) await engine.destroy(id)
      await removeInstanceCgroup(instance)
    })
    return machine
  }

  async startNode(settings: Partial<NodeSettings> = {}): Promise<SandboxNode> {
    const node = createNode({
      folder: this.folder,
      engine: this.engine,
      assets: { engine: { ...this.#runsc, source: 'found' }, guest: { path: this.#guest, hash: 'g1' } },
      nameservers: [],
      clock: systemClock,
      logger: process.env['DROWSE_TEST_LOG'] === undefined ? silentLogger : createLogger({ name: 'node' }),
      settings,
    })
    this.#cleanup.use(node)
    await node.start()
    return node
  }

  /** Ends the processes of a sandbox as a crash of the engine does. */
  async endProcesses(id: SandboxId): Promise<void> {
    const state: unknown = JSON.parse(await readFile(join(this.folder.runsc, `${id}_sandbox:${id}.state`), 'utf8'))
    process.kill((state as { sandbox: { pid: number } }).sandbox.pid, 'SIGKILL') // as runsc writes it
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cleanup.disposeAsync()
  }
}

/** Makes a sandbox of the template `base`. */
export async function createOne(node: SandboxNode, id: SandboxId = newSandboxId()): Promise<SandboxId> {
  await node.create({ id, templateId: 'base', limits: LIMITS, init: INIT })
  return id
}

/** Makes one request to the guest of `guest-daemon.mjs`. */
export async function ask(
  node: SandboxNode,
  id: SandboxId,
  method: string,
  path: string,
  body?: string,
): Promise<string> {
  const { host, port } = await node.endpoint(id, ENVD_PORT)
  const url = `http://${host}:${port}${path}`
  const response = await fetch(url, {
    method,
    headers: { connection: 'close' },
    ...(body === undefined ? {} : { body }),
  })
  return response.text()
}
