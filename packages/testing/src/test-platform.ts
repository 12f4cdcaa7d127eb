import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configSchema, silentLogger, type ConfigInput } from '@drowse/common'
import { FakeEngine, FakeHost } from '@drowse/engine'
import { dataFolder, type DataFolder } from '@drowse/node'
import { runService, type RunningService } from '@drowse/server'

/** Options that every client takes to reach a platform over its plain http door. */
export interface ClientOptions {
  apiKey: string
  apiUrl: string
  sandboxUrl: string
}

/** The whole service in this process over the fake engine, in a data folder of its own, on free ports of 127.0.0.1. */
export class TestPlatform implements AsyncDisposable {
  /** What the sandboxes live on; the place from which to break things. It stays across {@link restart}. */
  readonly host: FakeHost
  readonly folder: DataFolder
  /** Key of the platform's first team. */
  readonly apiKey: string
  readonly #config: ConfigInput
  #service: RunningService

  /** Use {@link startTestPlatform}. */
  constructor(parts: {
    host: FakeHost
    folder: DataFolder
    apiKey: string
    config: ConfigInput
    service: RunningService
  }) {
    this.host = parts.host
    this.folder = parts.folder
    this.apiKey = parts.apiKey
    this.#config = parts.config
    this.#service = parts.service
  }

  /** Address of the plain http door. */
  get url(): string {
    return `http://127.0.0.1:${this.#service.httpPort}`
  }

  get httpsPort(): number {
    return this.#service.httpsPort
  }

  /** How the `e2b` and `novita-sandbox` clients reach it. */
  get client(): ClientOptions {
    return { apiKey: this.apiKey, apiUrl: this.url, sandboxUrl: this.url }
  }

  /** Stops the service in order; sandboxes stay on the host. Idempotent. */
  async stop(): Promise<void> {
    await this.#service[Symbol.asyncDispose]()
  }

  /** Stops the service and starts another on the same folder and host. The ports change. */
  async restart(): Promise<void> {
    await this.stop()
    this.#service = await startService(this.host, this.#config)
  }

  /** Stops the service, ends every sandbox and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.host[Symbol.asyncDispose]()
    await rm(this.folder.root, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** Starts a {@link TestPlatform} with one template, `base`. Needs no root. */
export async function startTestPlatform(settings: ConfigInput = {}): Promise<TestPlatform> {
  const root = await mkdtemp(join(tmpdir(), 'drowse-test-'))
  const folder = dataFolder(root)
  const host = new FakeHost()
  try {
    await installFakeAssets(folder)
    const config = {
      bindAddresses: ['127.0.0.1'],
      httpPort: 0,
      httpsPort: 0,
      nameservers: ['192.0.2.1'],
      poolSize: 0, // the host holds what a test made, nothing else
      ...settings,
      dataDirectory: root,
    }
    const service = await startService(host, config)
    const apiKey = (await readFile(join(folder.secrets, 'api-key'), 'utf8')).trim()
    return new TestPlatform({ host, folder, apiKey, config, service })
  } catch (error) {
    await host[Symbol.asyncDispose]()
    await rm(root, { recursive: true, force: true })
    throw error
  }
}

async function startService(host: FakeHost, config: ConfigInput): Promise<RunningService> {
  return await runService(configSchema.parse(config), { logger: silentLogger, engine: new FakeEngine(host) })
}

/** Puts into the folder what setup would: records of an engine and a guest runtime, one layer and the template `base`. */
async function installFakeAssets(folder: DataFolder): Promise<void> {
  const guest = join(folder.guest, 'fake')
  const template = join(folder.templates, 'base')
  for (const path of [folder.engine, guest, join(folder.layers, 'fake', 'root'), template]) {
    await mkdir(path, { recursive: true })
  }
  const write = async (path: string, value: object): Promise<void> => await writeFile(path, JSON.stringify(value))
  await write(join(folder.engine, 'current.json'), { path: '/nonexistent/runsc', sha256: 'fake-build', source: 'fake' })
  await write(join(folder.guest, 'current.json'), { path: guest, hash: 'fake' })
  await write(join(template, 'template.json'), {
    id: 'base',
    names: ['base'],
    layers: ['fake'],
    memoryMb: 512,
    cpuCount: 2,
    diskSizeMb: 10_240,
  })
}
