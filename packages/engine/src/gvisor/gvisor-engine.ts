import { mkdirSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { KeyedMutex, type Logger } from '@drowse/common'
import { z } from 'zod'
import { engineError, statusConflict } from '../engine-error.ts'
import { EngineListeners } from '../engine-listeners.ts'
import type {
  BootReport,
  Engine,
  EngineBuild,
  EngineEntry,
  EngineEvent,
  EngineStatus,
  EngineUsage,
  NetworkSlot,
  SandboxSpec,
  Traffic,
} from '../engine.ts'
import type { EgressPolicy } from '../egress/egress-policy.ts'
import type { NameProxy } from '../egress/names/name-proxy.ts'
import { applyEgress, clearEgress } from '../egress/egress.ts'
import { networkNames } from '../network/network-names.ts'
import { findForeignSlots, type ForeignSlots } from '../network/foreign-slots.ts'
import { slotAddress } from '../network/slot-address.ts'
import { sandboxCgroup } from './cgroups.ts'
import { callControl } from './control-socket.ts'
import { listContainerIds } from './container-state.ts'
import { cpuFeatures } from './cpu-features.ts'
import { createSandbox, hasShellFor, watchBoot } from './create-sandbox.ts'
import { destroySandbox } from './destroy-sandbox.ts'
import { freezeSandbox, thawSandbox } from './freeze-sandbox.ts'
import type { GvisorHost } from './gvisor-host.ts'
import { discardImage, sealImage, verifyImage } from './image.ts'
import { InFlight } from './in-flight.ts'
import { readTraffic } from './link-traffic.ts'
import { createRunsc } from './runsc.ts'
import { findSandboxRecord, listRecordIds, writeSandboxRecord } from './sandbox-record.ts'
import { readSandboxStatus, requireStatus } from './sandbox-status.ts'
import { readUsage } from './usage.ts'
import { SandboxWatch } from './watch/sandbox-watch.ts'

/** Most time, in ms, for a start, and for a restore or checkpoint whose size the disk bounds. */
const START_TIMEOUT_MS = 60_000
const IMAGE_TIMEOUT_MS = 300_000
const CALL_TIMEOUT_MS = 10_000

/** What the gVisor engine is made from. */
export interface GvisorEngineOptions {
  /** The binary, and the hash by which images know it. */
  runsc: { path: string; sha256: string }
  /** Folder for runsc's state and ours; made when missing. Keep it short: control sockets live in it. */
  stateDirectory: string
  /** `[a-z0-9]{1,6}`; tells installations on one host apart. */
  instance: string
  /** IPv4 network that sandbox addresses come from, `a.b.c.d/n`. */
  sandboxSubnet: string
  /** The name-aware proxy of egress policies. */
  nameProxy?: Pick<NameProxy, 'ports' | 'endConnections'>
  logger: Logger
}

/** Makes an engine that runs each sandbox under gVisor, with the host's overlay as its root. Needs root. */
export function createGvisorEngine(options: GvisorEngineOptions): Engine {
  return new GvisorEngine(options)
}

class GvisorEngine implements Engine {
  readonly build: EngineBuild
  readonly #host: GvisorHost
  readonly #calls = new InFlight()
  readonly #destroying = new KeyedMutex()
  readonly #turns = new KeyedMutex()
  readonly #listeners = new EngineListeners()
  readonly #watch: SandboxWatch
  #hasAdopted = false

  constructor({ runsc, stateDirectory, instance, sandboxSubnet, nameProxy, logger }: GvisorEngineOptions) {
    const directory = resolve(stateDirectory)
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    this.build = { kind: 'gvisor', build: runsc.sha256, cpu: cpuFeatures() }
    this.#host = {
      instance,
      build: runsc.sha256,
      stateDirectory: directory,
      sandboxSubnet,
      names: networkNames(instance),
      nameProxy,
      runsc: createRunsc({ path: runsc.path, stateDirectory: directory }),
      known: new Map(),
      logger,
    }
    this.#watch = new SandboxWatch({ host: this.#host, listeners: this.#listeners, turns: this.#turns })
  }

  async create(spec: SandboxSpec): Promise<void> {
    await this.#call('create', spec.id, async (signal) => {
      if (await hasShellFor(this.#host, spec)) return
      await this.#destroyNow(spec.id)
      await this.#orDestroy(spec.id, signal, createSandbox(this.#host, spec, signal))
    })
  }

  async start(spec: SandboxSpec): Promise<void> {
    await this.#call('start', spec.id, async (signal) => {
      const { bundle } = await requireStatus(this.#host, 'start', spec.id, ['created'])
      const logFile = join(bundle, 'start.log')
      const run = this.#host.runsc({ args: ['start', spec.id], logFile, timeoutMs: START_TIMEOUT_MS, signal })
      await this.#orDestroy(spec.id, signal, run)
      await this.#watch.begin(spec.id)
    })
  }

  async watchBoot(spec: SandboxSpec, watchMs: number): Promise<BootReport> {
    return await this.#call('watch the boot of', spec.id, async (signal) => {
      await this.#destroyNow(spec.id)
      try {
        return await watchBoot(this.#host, spec, { watchMs, signal })
      } finally {
        if (!signal.aborted) await this.#destroyNow(spec.id)
      }
    })
  }

  async restore(spec: SandboxSpec, imageDirectory: string): Promise<void> {
    await this.#call('restore', spec.id, async (signal) => {
      const { bundle } = await requireStatus(this.#host, 'restore', spec.id, ['created'])
      const options = ['--detach', '--direct', '--background', `--image-path=${imageDirectory}`, `--bundle=${bundle}`]
      const restore = async (): Promise<void> => {
        await verifyImage(imageDirectory)
        await this.#host.runsc({
          args: ['restore', ...options, spec.id],
          logFile: join(bundle, 'restore.log'),
          timeoutMs: IMAGE_TIMEOUT_MS,
          signal,
        })
      }
      await this.#orDestroy(spec.id, signal, restore())
      await this.#watch.begin(spec.id)
    })
  }

  async freeze(id: string): Promise<void> {
    await this.#call('freeze', id, async (signal) => {
      this.#watch.unguard(id)
      try {
        await freezeSandbox(this.#host, id, signal)
      } catch (error) {
        if (!signal.aborted) await this.#watch.guard(id).catch(() => undefined) // the freeze's own error says more
        throw error
      }
    })
  }

  async thaw(id: string): Promise<void> {
    await this.#call('thaw', id, async (signal) => {
      await thawSandbox(this.#host, id, signal)
      await this.#watch.guard(id)
    })
  }

  async checkpoint(id: string, imageDirectory: string): Promise<{ bytes: number }> {
    return await this.#call('checkpoint', id, async (signal) => {
      const { bundle } = await requireStatus(this.#host, 'checkpoint', id, ['frozen'])
      await mkdir(imageDirectory, { recursive: true, mode: 0o700 })
      try {
        await this.#host.runsc({
          args: ['checkpoint', '-direct', '-leave-running', `-image-path=${imageDirectory}`, id],
          logFile: join(bundle, 'checkpoint.log'),
          timeoutMs: IMAGE_TIMEOUT_MS,
          signal,
        })
        return { bytes: await sealImage(imageDirectory) }
      } catch (error) {
        this.#host.known.delete(id)
        await discardImage(imageDirectory).catch((cause: unknown) =>
          this.#host.logger.warn({ id, imageDirectory, err: cause }, 'cannot remove a failed image'),
        )
        throw error
      }
    })
  }

  async destroy(id: string): Promise<void> {
    await this.#calls.cancel(id)
    try {
      await this.#destroyNow(id)
    } catch (error) {
      throw engineError('destroy', id, error)
    }
  }

  async setEgress(id: string, policy: EgressPolicy | undefined): Promise<void> {
    await this.#call('set the egress of', id, async () => {
      const { instance, stateDirectory, nameProxy } = this.#host
      const record = await findSandboxRecord(stateDirectory, id)
      if (record === undefined) throw statusConflict('set the egress of', id, 'absent')
      if (policy === undefined && record.hasEgress !== true) return
      const target = { instance, slot: record.slot }
      await writeSandboxRecord(stateDirectory, id, { ...record, hasEgress: true })
      if (policy === undefined) await clearEgress(target)
      else await applyEgress(target, policy, nameProxy?.ports)
      // What the proxy holds was let through by the policy before.
      nameProxy?.endConnections(this.endpoint(record, 0).host)
      if (policy === undefined) await writeSandboxRecord(stateDirectory, id, { ...record, hasEgress: false })
    })
  }

  async status(id: string): Promise<EngineStatus> {
    return (await readSandboxStatus(this.#host, id)).status
  }

  async list(): Promise<EngineEntry[]> {
    const { stateDirectory } = this.#host
    const ids = new Set([...(await listRecordIds(stateDirectory)), ...(await listContainerIds(stateDirectory))])
    return await Promise.all([...ids].sort().map(async (id) => ({ id, status: await this.status(id) })))
  }

  onEvent(listener: (event: EngineEvent) => void): () => void {
    const end = this.#listeners.add(listener)
    if (!this.#hasAdopted) {
      this.#hasAdopted = true
      this.#watch
        .adopt()
        .catch((error: unknown) => this.#host.logger.error({ err: error }, 'cannot watch the sandboxes that are here'))
    }
    return end
  }

  async memoryBytes(id: string): Promise<number> {
    const { socketPath } = await requireStatus(this.#host, 'measure', id, ['running', 'frozen'])
    const arg = { Full: true }
    const result = await callControl({ socketPath, method: 'Usage.Collect', arg, timeoutMs: CALL_TIMEOUT_MS })
    const { Total, Mapped } = z.object({ Total: z.number(), Mapped: z.number() }).parse(result)
    return Total - Mapped // mapped files are the host's page cache and no part of an image
  }

  usage(id: string): EngineUsage | undefined {
    return readUsage(sandboxCgroup(this.#host.instance, id).path)
  }

  foreignSlots(): ForeignSlots {
    return findForeignSlots(this.#host.sandboxSubnet, this.#host.names.linkPrefix)
  }

  traffic({ directory, network }: Pick<SandboxSpec, 'directory' | 'network'>): Traffic {
    return readTraffic(directory, this.#host.names.link(network.slot))
  }

  endpoint(network: NetworkSlot, port: number): { host: string; port: number } {
    return { host: slotAddress(this.#host.sandboxSubnet, network.slot).guest, port }
  }

  async #call<T>(action: string, id: string, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await this.#calls.run(action, id, (signal) => this.#turns.run(id, () => work(signal)))
    } catch (error) {
      throw engineError(action, id, error)
    }
  }

  /** Leaves nothing of a sandbox whose making failed; a destroy that cut it short does that by itself. */
  async #orDestroy(id: string, signal: AbortSignal, making: Promise<void>): Promise<void> {
    try {
      await making
    } catch (error) {
      if (!signal.aborted) await this.#destroyNow(id)
      throw error
    }
  }

  async #destroyNow(id: string): Promise<void> {
    const destroy = async (): Promise<void> => await destroySandbox(this.#host, id)
    await this.#destroying.run(id, async () => await this.#watch.endBy(id, destroy))
    this.#host.known.delete(id)
  }
}
