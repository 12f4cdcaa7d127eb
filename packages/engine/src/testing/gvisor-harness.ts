import { createHash, randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { copyFile, cp, link, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { exec, silentLogger } from '@drowse/common'
import type { EngineHarness } from '../contract/engine-harness.ts'
import type { Engine } from '../engine.ts'
import { removeEgress } from '../egress/egress.ts'
import { removeInstanceCgroup, sandboxCgroup } from '../gvisor/cgroups.ts'
import { createGvisorEngine } from '../gvisor/gvisor-engine.ts'
import { findContainerProcesses, killProcess } from '../gvisor/processes.ts'
import { networkNames } from '../network/network-names.ts'
import type { TestAssets } from './test-assets.ts'

/** A gVisor engine in a folder of its own, with everything that tests want to look at. */
export interface GvisorHarness extends EngineHarness {
  /** Temporary folder that goes with the harness. */
  directory: string
  stateDirectory: string
  instance: string
}

/**
 * Makes a gVisor engine with its own state, instance name, subnet and an all but empty root layer.
 * The guest is the fixture daemon on the real guest runtime.
 */
export async function makeGvisorHarness(assets: TestAssets): Promise<GvisorHarness> {
  const directory = await mkdtemp(join(tmpdir(), 'drowse-engine-'))
  const stateDirectory = join(directory, 'runsc')
  const instance = randomBytes(3).toString('hex')
  const sources = await prepareSources(assets.guest, directory).catch(async (error: unknown) => {
    await rm(directory, { recursive: true })
    throw error
  })
  const sha256 = createHash('sha256').update(assets.runsc).digest('hex') // of the path: the content's is slow and not needed here
  // A network for each harness, so that suites that run side by side hardly ever share an address.
  const [first = 0, second = 0] = randomBytes(2)
  const sandboxSubnet = `10.${200 + (first % 25)}.${second}.0/24`
  const reopen = (): Engine =>
    createGvisorEngine({
      runsc: { path: assets.runsc, sha256 },
      stateDirectory,
      instance,
      sandboxSubnet,
      logger: silentLogger,
    })
  const engine = reopen()
  return {
    engine,
    reopen,
    directory,
    stateDirectory,
    instance,
    sources,
    leftovers: async (id) => await findLeftovers({ id, instance, stateDirectory }),
    denied: async ({ network }) => {
      const rules = await egressRules(instance, network.slot)
      return rules.flatMap((rule) => /ip daddr (\S+) reject/.exec(rule)?.[1] ?? [])
    },
    crash: async (id) => {
      const identity = { id, stateDirectory }
      while ((await findContainerProcesses(identity)).length > 0) {
        for (const pid of await findContainerProcesses(identity)) killProcess(pid)
      }
    },
    [Symbol.asyncDispose]: async () => {
      for (const { id } of await engine.list()) await engine.destroy(id)
      await removeInstanceCgroup(instance)
      await removeEgress(instance)
      await rm(directory, { recursive: true })
    },
  }
}

async function prepareSources(guest: string, directory: string): Promise<EngineHarness['sources']> {
  const layer = join(directory, 'layer')
  // The guest runtime needs nothing of a root but places to mount on.
  for (const name of ['tmp', 'proc', 'dev', 'etc', 'sys']) await mkdir(join(layer, name), { recursive: true })
  const guestDirectory = join(directory, 'guest')
  await prepareGuest(guest, guestDirectory)
  return { layers: [layer], guestDirectory }
}

async function prepareGuest(source: string, target: string): Promise<void> {
  await mkdir(target)
  await cp(join(source, 'lib'), join(target, 'lib'), { recursive: true })
  for (const name of ['tini', 'node']) {
    const from = join(source, name)
    await link(from, join(target, name)).catch(async () => await copyFile(from, join(target, name)))
  }
  await copyFile(fileURLToPath(new URL('./fixture-daemon.mjs', import.meta.url)), join(target, 'daemon.mjs'))
}

/** Rules for outgoing traffic, of one slot or of all. */
async function egressRules(instance: string, slot?: number): Promise<string[]> {
  const table = `${networkNames(instance).table}_egress`
  const { stdout } = await exec('nft', ['list', 'tables'])
  if (!stdout.split('\n').includes(`table inet ${table}`)) return []
  const listed = await exec('nft', ['list', 'table', 'inet', table])
  const chains = listed.stdout.split(/(?=\n\tchain )/)
  const ofSlots = chains.filter((chain) =>
    chain.startsWith(`\n\tchain sandbox_${slot === undefined ? '' : `${slot} `}`),
  )
  return ofSlots.flatMap((chain) => chain.split('\n').slice(1))
}

async function findLeftovers(of: { id: string; instance: string; stateDirectory: string }): Promise<string[]> {
  const { id, instance, stateDirectory } = of
  const names = networkNames(instance)
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => line.includes(id))
  const files = (await readdir(stateDirectory)).filter((name) => name.includes(id))
  const namespace = `/run/netns/${names.namespace(id)}`
  return [
    ...(await findContainerProcesses({ id, stateDirectory })).map((pid) => `process ${pid}`),
    ...mounts.map((line) => `mount ${line}`),
    ...files.map((name) => `file ${name}`),
    ...(await egressRules(instance)),
    ...(existsSync(namespace) ? [namespace] : []),
    ...(sandboxCgroup(instance, id).exists() ? [`cgroup of ${id}`] : []),
  ]
}
