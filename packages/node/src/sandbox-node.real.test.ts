import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { copyFile, cp, mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createLogger, silentLogger, systemClock } from '@drowse/common'
import { createGvisorEngine, removeInstanceCgroup, type Engine } from '@drowse/engine'
import { ENVD_PORT, newSandboxId, type SandboxId } from '@drowse/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataFolder, type DataFolder } from './data-folder.ts'
import { sandboxFolder } from './sandbox-folder.ts'
import { createNode, type SandboxNode } from './sandbox-node.ts'

const LIMITS = { memoryMb: 512, cpuCount: 1 }
const INIT = { accessToken: 'secret', envVars: { A: '1' } }

describe('SandboxNode over gVisor', () => {
  const instance = randomBytes(3).toString('hex')
  const sandboxSubnet = `10.${225 + (randomBytes(1)[0]! % 25)}.${randomBytes(1)[0]!}.0/24`
  let folder: DataFolder
  let engine: Engine
  let node: SandboxNode
  const cleanup = new AsyncDisposableStack()

  beforeAll(async () => {
    folder = dataFolder(await mkdtemp(join(tmpdir(), 'drowse-node-')))
    cleanup.defer(() => rm(folder.root, { recursive: true }))
    const guest = join(folder.guest, 'g1')
    await cp(assetPath('DROWSE_TEST_GUEST', 'guest'), guest, { recursive: true })
    await copyFile(fileURLToPath(new URL('./testing/guest-daemon.mjs', import.meta.url)), join(guest, 'daemon.mjs'))
    for (const name of ['tmp', 'proc', 'dev', 'etc', 'sys']) {
      await mkdir(join(folder.layers, 'debian', 'root', name), { recursive: true })
    }
    await mkdir(join(folder.templates, 'base'), { recursive: true })
    const template = { id: 'base', names: ['base'], layers: ['debian'], ...LIMITS, diskSizeMb: 1024 }
    await writeFile(join(folder.templates, 'base', 'template.json'), JSON.stringify(template))
    const runsc = { path: assetPath('DROWSE_TEST_RUNSC', 'engine'), sha256: 'for-tests' }
    engine = createGvisorEngine({
      runsc,
      stateDirectory: folder.runsc,
      instance,
      sandboxSubnet,
      logger: silentLogger,
    })
    cleanup.defer(async () => {
      for (const { id } of await engine.list()) await engine.destroy(id)
      await removeInstanceCgroup(instance)
    })
    node = await startNode(guest, runsc)
    cleanup.defer(() => node[Symbol.asyncDispose]())
    await node.warm()
  })

  afterAll(() => cleanup.disposeAsync())

  it('creates from the warm image, pauses, and wakes with memory and files', async () => {
    const id = await create()
    expect(await ask(id, 'POST', '/counter')).toBe('1')
    await ask(id, 'POST', '/file', 'kept')
    await node.pause(id, { memory: true })
    expect(await node.resume(id, { init: INIT, memory: true })).toEqual({ isCold: false })
    expect(await ask(id, 'POST', '/counter')).toBe('2')
    expect(await ask(id, 'GET', '/file')).toBe('kept')
    expect(JSON.parse(await ask(id, 'GET', '/init'))).toMatchObject({ hostname: id, identity: 'kept' })
    // A second cycle: the image that was loaded in the background must be whole in the one that follows it.
    await node.pause(id, { memory: true })
    expect(await node.resume(id, { init: INIT, memory: true })).toEqual({ isCold: false })
    expect(await ask(id, 'POST', '/counter')).toBe('3')
    await node.kill(id)
  })

  it('boots cold from its files when the image is damaged, and after a pause without memory', async () => {
    const id = await create()
    await ask(id, 'POST', '/counter')
    await ask(id, 'POST', '/file', 'kept')
    await node.pause(id, { memory: true })
    const { image } = sandboxFolder(folder, id)
    for (const name of await readdir(image)) if (name.endsWith('.img')) await truncate(join(image, name), 100)
    expect(await node.resume(id, { init: INIT, memory: true })).toMatchObject({ isCold: true })
    expect(await ask(id, 'POST', '/counter')).toBe('1')
    expect(await ask(id, 'GET', '/file')).toBe('kept')
    await ask(id, 'POST', '/file', 'changed')
    await node.pause(id, { memory: false })
    expect(await node.resume(id, { init: INIT, memory: true })).toMatchObject({ isCold: true })
    expect(await ask(id, 'GET', '/file')).toBe('changed')
    await node.kill(id)
  })

  it('is adopted by the next node', async () => {
    const id = await create()
    await ask(id, 'POST', '/counter')
    await node[Symbol.asyncDispose]()
    const runsc = { path: assetPath('DROWSE_TEST_RUNSC', 'engine'), sha256: 'for-tests' }
    node = await startNode(join(folder.guest, 'g1'), runsc)
    expect(await node.find(id)).toMatchObject({ status: 'running' })
    expect(await ask(id, 'POST', '/counter')).toBe('2')
    await node.kill(id)
  })

  it('leaves nothing after a kill of a running and of a paused sandbox', async () => {
    const [running, paused] = [await create(), await create()]
    await node.pause(paused, { memory: true })
    await Promise.all([node.kill(running), node.kill(paused)])
    await node[Symbol.asyncDispose]()
    expect(await engine.list()).toEqual([])
    expect(await readdir(folder.sandboxes)).toEqual([])
    expect(await readdir(folder.trash)).toEqual([])
    expect(await readFile('/proc/self/mountinfo', 'utf8')).not.toContain(folder.root)
  })

  async function startNode(guest: string, runsc: { path: string; sha256: string }): Promise<SandboxNode> {
    const started = createNode({
      folder,
      engine,
      assets: { engine: { ...runsc, source: 'found' }, guest: { path: guest, hash: 'g1' } },
      nameservers: [],
      clock: systemClock,
      logger: process.env['DROWSE_TEST_LOG'] === undefined ? silentLogger : createLogger({ name: 'node' }),
    })
    await started.start()
    return started
  }

  async function create(): Promise<SandboxId> {
    const id = newSandboxId()
    await node.create({ id, templateId: 'base', limits: LIMITS, init: INIT })
    return id
  }

  async function ask(id: SandboxId, method: string, path: string, body?: string): Promise<string> {
    const { host, port } = await node.endpoint(id, ENVD_PORT)
    const url = `http://${host}:${port}${path}`
    const response = await fetch(url, {
      method,
      headers: { connection: 'close' },
      ...(body === undefined ? {} : { body }),
    })
    return response.text()
  }
})

/** Path of an asset: from its variable, else where `drowse test` puts it. */
function assetPath(variable: string, kind: 'engine' | 'guest'): string {
  const record = fileURLToPath(new URL(`../../../.cache/assets/${kind}/current.json`, import.meta.url))
  const path =
    process.env[variable] ??
    (existsSync(record) ? (JSON.parse(readFileSync(record, 'utf8')) as { path: string }).path : undefined)
  if (path === undefined || !existsSync(path)) {
    throw new Error(
      `Cannot test the real engine: there is no ${path ?? record}; run "./drowse test", or set ${variable}`,
    )
  }
  return path
}
