import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, open, readdir, readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { exec, silentLogger } from '@drowse/common'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { GUEST_TEST_PORT } from '../contract/engine-harness.ts'
import type { SandboxSpec } from '../engine.ts'
import { networkNames } from '../network/network-names.ts'
import { makeGvisorHarness, type GvisorHarness } from '../testing/gvisor-harness.ts'
import { findTestAssets } from '../testing/test-assets.ts'
import { createGvisorEngine } from './gvisor-engine.ts'

const assets = findTestAssets()
const MIB = 1024 * 1024

describe('gVisor engine', () => {
  let harness: GvisorHarness

  beforeEach(async () => {
    harness = await makeGvisorHarness(assets)
  })

  afterEach(async () => {
    await harness[Symbol.asyncDispose]()
  })

  function newSpec(id: string, change: Partial<SandboxSpec> = {}): SandboxSpec {
    const directory = join(harness.directory, id)
    return {
      id,
      directory,
      upperDirectory: join(directory, 'upper'),
      workDirectory: join(directory, 'work'),
      hostname: id,
      network: { slot: 0 },
      limits: { memoryMb: 256, cpuCount: 1 },
      ...harness.sources,
      ...change,
    }
  }

  async function ask(spec: SandboxSpec, method: string, path: string, body?: string): Promise<string> {
    const { host, port } = harness.engine.endpoint(spec.network, GUEST_TEST_PORT)
    return await vi.waitFor(
      async () => {
        const init = { method, headers: { connection: 'close' }, ...(body === undefined ? {} : { body }) }
        return await (await fetch(`http://${host}:${port}${path}`, init)).text()
      },
      { timeout: 30_000, interval: 5 },
    )
  }

  async function boot(spec: SandboxSpec): Promise<void> {
    await harness.engine.create(spec)
    await harness.engine.start(spec)
    await ask(spec, 'GET', '/health')
  }

  test('create keeps a whole shell of the same spec, and replaces one whose making was cut', async () => {
    const spec = newSpec('kept')
    const sentry = async (): Promise<number> => {
      const path = join(harness.stateDirectory, 'kept_sandbox:kept.state')
      return (JSON.parse(await readFile(path, 'utf8')) as { sandbox: { pid: number } }).sandbox.pid
    }
    await harness.engine.create(spec)
    const first = await sentry()
    await harness.engine.create(spec)
    expect(await sentry()).toBe(first)
    // The note is written when all else is done.
    await rm(join(spec.directory, 'bundle', 'made-for.json'))
    await harness.engine.create(spec)
    expect(await sentry()).not.toBe(first)
    await harness.engine.destroy(spec.id)
    expect(await harness.leftovers(spec.id)).toEqual([])
  })

  async function save(spec: SandboxSpec, name = 'image'): Promise<string> {
    const image = join(harness.directory, name)
    await harness.engine.freeze(spec.id)
    await harness.engine.checkpoint(spec.id, image)
    return image
  }

  test('the guest sees its limits, name, address and capabilities, also after a restore under another spec', async () => {
    const first = newSpec('first')
    await boot(first)
    const facts = { capabilities: '00000000a82c05fb', openFiles: '1048576' }
    expect(JSON.parse(await ask(first, 'GET', '/facts'))).toEqual({
      ...facts,
      memoryBytes: 256 * MIB,
      hostname: 'first',
      addresses: [harness.engine.endpoint(first.network, 1).host],
    })
    const image = await save(first)
    const second = newSpec('second', { network: { slot: 1 }, limits: { memoryMb: 512, cpuCount: 2 } })
    await harness.engine.create(second)
    await harness.engine.restore(second, image)
    expect(JSON.parse(await ask(second, 'GET', '/facts'))).toMatchObject({
      ...facts,
      memoryBytes: 512 * MIB,
      hostname: 'second',
      addresses: [harness.engine.endpoint(second.network, 1).host],
    })
  })

  test('files that the guest writes outlive its processes and leave the layers alone', async () => {
    const spec = newSpec('files')
    await boot(spec)
    await ask(spec, 'POST', '/file', 'kept')
    await harness.engine.destroy(spec.id)
    await boot(spec)
    expect(await ask(spec, 'GET', '/file')).toBe('kept')
    expect(await readdir(spec.layers[0]!)).not.toContain('written')
  })

  test('a restored sandbox with much memory can be saved again before all of it is loaded', async () => {
    const spec = newSpec('large', { limits: { memoryMb: 1024, cpuCount: 2 } })
    await boot(spec)
    await ask(spec, 'POST', '/counter')
    await ask(spec, 'POST', '/ballast', String(256 * MIB))
    expect(await harness.engine.memoryBytes(spec.id)).toBeGreaterThan(256 * MIB)
    const image = await save(spec)
    await harness.engine.destroy(spec.id)
    await harness.engine.create(spec)
    await harness.engine.restore(spec, image)
    const again = await save(spec, 'again')
    await rm(image, { recursive: true })
    await harness.engine.destroy(spec.id)
    await harness.engine.create(spec)
    await harness.engine.restore(spec, again)
    expect(await ask(spec, 'GET', '/counter')).toBe('1')
  })

  test('checkpoint into a full disk fails with "disk_full" and the sandbox stays frozen and whole', async () => {
    const spec = newSpec('full')
    await boot(spec)
    await harness.engine.freeze(spec.id)
    const small = join(harness.directory, 'small')
    await mkdir(small)
    await exec('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', small])
    try {
      const image = join(small, 'image')
      await expect(harness.engine.checkpoint(spec.id, image)).rejects.toMatchObject({ code: 'disk_full' })
      const { bfree, blocks } = await statfs(small)
      expect(blocks - bfree).toBeLessThan(5) // what was written is given back
    } finally {
      await exec('umount', ['--lazy', small]) // the Sentry keeps the files of a failed checkpoint open
    }
    expect(await harness.engine.status(spec.id)).toBe('frozen')
    await save(spec)
    await harness.engine.thaw(spec.id)
    expect(await ask(spec, 'POST', '/counter')).toBe('1')
  })

  test('restore of an image with changed bytes fails with "engine_failed" and leaves nothing', async () => {
    const spec = newSpec('changed')
    await boot(spec)
    const image = await save(spec)
    await harness.engine.destroy(spec.id)
    const file = await open(join(image, 'checkpoint.img'), 'r+')
    await file.write('XXXXXXXXXXXXXXXX', 5_000)
    await file.close()
    await harness.engine.create(spec)
    await expect(harness.engine.restore(spec, image)).rejects.toMatchObject({ code: 'engine_failed' })
    expect(await harness.leftovers(spec.id)).toEqual([])
  })

  test('a sandbox whose first process ends is absent', async () => {
    const spec = newSpec('ends')
    await boot(spec)
    await ask(spec, 'GET', '/health')
    const { host, port } = harness.engine.endpoint(spec.network, GUEST_TEST_PORT)
    await fetch(`http://${host}:${port}/exit`, { method: 'POST' }).catch(() => undefined)
    await vi.waitFor(async () => expect(await harness.engine.status(spec.id)).toBe('absent'), { timeout: 10_000 })
  })

  test('destroy ends a create that is under way, and wins', async () => {
    const spec = newSpec('raced')
    const creating = harness.engine.create(spec)
    const outcome = creating.catch((error: unknown) => error)
    await vi.waitFor(() => expect(existsSync(join(spec.directory, 'bundle', 'config.json'))).toBe(true), {
      interval: 1,
    })
    await harness.engine.destroy(spec.id)
    expect(await outcome).toMatchObject({ code: 'conflict' })
    expect(await harness.leftovers(spec.id)).toEqual([])
  })

  test('a second call for a sandbox while one is under way fails with "conflict"', async () => {
    const spec = newSpec('twice')
    const creating = harness.engine.create(spec)
    await expect(harness.engine.start(spec)).rejects.toMatchObject({ code: 'conflict' })
    await creating
    expect(await harness.engine.status(spec.id)).toBe('created')
  })

  test('destroy works without the files that name the processes', async () => {
    const spec = newSpec('nameless')
    await boot(spec)
    for (const name of await readdir(harness.stateDirectory)) {
      if (name.includes('_sandbox:')) await rm(join(harness.stateDirectory, name))
    }
    expect(await harness.engine.status(spec.id)).toBe('absent')
    await harness.engine.destroy(spec.id)
    expect(await harness.leftovers(spec.id)).toEqual([])
  })

  test('destroy after a reboot kills nobody who got the old process ids', async () => {
    const spec = newSpec('rebooted')
    await boot(spec)
    await harness.crash(spec.id)
    const bystander = spawn('sleep', ['600'], { stdio: 'ignore' })
    const ended = once(bystander, 'exit')
    const state = join(harness.stateDirectory, 'rebooted_sandbox:rebooted.state')
    const text = await readFile(state, 'utf8')
    const pid = bystander.pid ?? 0
    await writeFile(
      state,
      text.replace(/"(goferPid|pid)": ?\d+/g, (_, key: string) => `"${key}":${pid}`),
    )
    await harness.engine.destroy(spec.id)
    expect(await harness.leftovers(spec.id)).toEqual([])
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull()
    bystander.kill()
    await ended
  })

  test('destroy ends a create that an earlier service left running', async () => {
    const spec = newSpec('orphan')
    const other = createGvisorEngine({
      runsc: { path: await slowRunsc(harness.directory), sha256: 'x' },
      stateDirectory: harness.stateDirectory,
      instance: harness.instance,
      sandboxSubnet: '10.199.0.0/24',
      logger: silentLogger,
    })
    const outcome = other.create(spec).catch((error: unknown) => error)
    await vi.waitFor(() => expect(existsSync(join(harness.directory, 'slow-runs'))).toBe(true), { timeout: 10_000 })
    await harness.engine.destroy(spec.id) // an engine that knows nothing of the other's calls
    expect(await outcome).toMatchObject({ code: 'engine_failed' })
    expect(await harness.leftovers(spec.id)).toEqual([])
  })

  test('create with a runsc that fails names its reason and leaves nothing', async () => {
    const engine = createGvisorEngine({
      runsc: { path: '/bin/false', sha256: 'x' },
      stateDirectory: harness.stateDirectory,
      instance: harness.instance,
      sandboxSubnet: '10.199.0.0/24',
      logger: silentLogger,
    })
    const spec = newSpec('refused')
    await expect(engine.create(spec)).rejects.toMatchObject({
      code: 'engine_failed',
      message: expect.stringContaining('exit 1'),
    })
    expect(await harness.leftovers(spec.id)).toEqual([])
    expect(existsSync(`/sys/class/net/${networkNames(harness.instance).link(0)}`)).toBe(false)
  })
})

/** A runsc that says that it runs and then waits for its end. */
async function slowRunsc(directory: string): Promise<string> {
  const path = join(directory, 'slow-runsc')
  const script = `#!${process.execPath}\nrequire('node:fs').writeFileSync('${join(directory, 'slow-runs')}', '')\nsetTimeout(() => {}, 600_000)\n`
  await writeFile(path, script, { mode: 0o755 })
  return path
}
