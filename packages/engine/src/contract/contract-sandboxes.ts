import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, vi } from 'vitest'
import type { SandboxSpec } from '../engine.ts'
import { GUEST_TEST_PORT, type EngineHarness } from './engine-harness.ts'

/** Longest wait for the first answer of a guest, in ms. */
const ANSWER_TIMEOUT_MS = 30_000

/** An engine and the sandboxes that one test of the contract makes in it. Disposing destroys them and fails when the host holds something of one still. */
export class ContractSandboxes implements AsyncDisposable {
  readonly harness: EngineHarness
  /** A folder of the test's own. */
  readonly directory: string
  readonly #made: string[] = []
  #slots = 0

  private constructor(harness: EngineHarness, directory: string) {
    this.harness = harness
    this.directory = directory
  }

  static async open(makeEngine: () => Promise<EngineHarness>): Promise<ContractSandboxes> {
    const directory = await mkdtemp(join(tmpdir(), 'drowse-contract-'))
    return new ContractSandboxes(await makeEngine(), directory)
  }

  /** A place in the network that no other sandbox of the test has. */
  newSlot(): number {
    return this.#slots++
  }

  newSpec(change: Partial<SandboxSpec> = {}): SandboxSpec {
    const id = change.id ?? `t${randomBytes(6).toString('hex')}`
    this.#made.push(id)
    const home = join(this.directory, `${id}-${this.#slots}`)
    return {
      id,
      directory: home,
      upperDirectory: join(home, 'upper'),
      workDirectory: join(home, 'work'),
      hostname: id,
      network: { slot: this.newSlot() },
      limits: { memoryMb: 256, cpuCount: 1 },
      ...this.harness.sources,
      ...change,
    }
  }

  /** Asks the guest, until it accepts connections. */
  async ask(spec: SandboxSpec, method: string, path: string): Promise<string> {
    const { host, port } = this.harness.engine.endpoint(spec.network, GUEST_TEST_PORT)
    // Each try has a connection of its own, so that no pool outlives a sandbox.
    const request = { method, headers: { connection: 'close' } }
    const attempt = async (): Promise<string> => await (await fetch(`http://${host}:${port}${path}`, request)).text()
    return await vi.waitFor(attempt, { timeout: ANSWER_TIMEOUT_MS, interval: 2 })
  }

  /** Makes and starts a sandbox and has its guest count to 1, in memory. */
  async startCounting(spec: SandboxSpec): Promise<void> {
    await this.harness.engine.create(spec)
    await this.harness.engine.start(spec)
    expect(await this.ask(spec, 'POST', '/counter')).toBe('1')
  }

  /** Saves the memory of a sandbox that counted to 1, which stays frozen; gives the image's folder. */
  async checkpointed(spec: SandboxSpec): Promise<string> {
    await this.startCounting(spec)
    await this.harness.engine.freeze(spec.id)
    const image = join(this.directory, 'image')
    await this.harness.engine.checkpoint(spec.id, image)
    return image
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      for (const id of this.#made) await this.harness.engine.destroy(id)
      for (const id of this.#made) expect(await this.harness.leftovers(id)).toEqual([])
    } finally {
      await this.harness[Symbol.asyncDispose]()
      await rm(this.directory, { recursive: true, force: true })
    }
  }
}
