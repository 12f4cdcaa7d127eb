import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SandboxId } from '@drowse/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { NodeEvent } from '../node-client.ts'
import { sandboxFolder } from '../sandbox-folder.ts'
import type { SandboxNode } from '../sandbox-node.ts'
import { createRequest, NodeFixture } from '../testing/node-fixture.ts'
import { findImageManifest } from './image-manifest.ts'

const HOUR_MS = 3_600_000
const REASON = 'the saved memory is damaged: "memory.json" has not its content'

describe('SandboxNode checks saved memory that rests', () => {
  let machine: NodeFixture
  let node: SandboxNode
  let events: NodeEvent[]

  beforeEach(async () => {
    machine = await NodeFixture.make()
    machine.settings = { frozenMemoryMb: 0, poolSize: 0 }
    await start()
  })
  afterEach(() => machine[Symbol.asyncDispose]())

  it('about once a day, says what is damaged, and the next wake is from files', async () => {
    const [whole, damaged] = [await paused(), await paused()]
    await spoil(damaged)
    await pass(23 * HOUR_MS)
    expect(events).toEqual([])
    await pass(2 * HOUR_MS)
    expect(events).toEqual([{ id: damaged, kind: 'image-damaged', reason: REASON }])
    expect(await node.resume(damaged, { init: { envVars: {} }, memory: true })).toMatchObject({ coldReason: REASON })
    expect(await node.resume(whole, { init: { envVars: {} }, memory: true })).toMatchObject({ isCold: false })
  })

  it('again the day after, of an image that was whole', async () => {
    const id = await paused()
    await pass(25 * HOUR_MS)
    await spoil(id)
    await pass(22 * HOUR_MS)
    expect(events).toEqual([])
    await pass(3 * HOUR_MS)
    expect(events).toHaveLength(1)
    await pass(50 * HOUR_MS)
    expect(events).toHaveLength(1)
  })

  it('not when it is turned off', async () => {
    machine.settings = { ...machine.settings, imageCheckHours: 0 }
    await node[Symbol.asyncDispose]()
    await start()
    await spoil(await paused())
    await pass(100 * HOUR_MS)
    expect(events).toEqual([])
  })

  async function start(): Promise<void> {
    node = await machine.startNode()
    events = []
    node.onEvent((event) => events.push(event))
  }

  /** A paused sandbox whose image is hashed. */
  async function paused(): Promise<SandboxId> {
    const request = createRequest()
    await node.create(request)
    await node.pause(request.id, { memory: true })
    await machine.clock.advance(2_000)
    await node.settled()
    const { image } = sandboxFolder(machine.folder, request.id)
    await vi.waitFor(async () => expect((await findImageManifest(image))?.files[0]?.sha256).toBeDefined())
    events = []
    return request.id
  }

  async function spoil(id: SandboxId): Promise<void> {
    const file = join(sandboxFolder(machine.folder, id).image, 'memory.json')
    await writeFile(file, (await readFile(file, 'utf8')).replace('0', '1'))
  }

  /** Lets time pass in steps, and what begins in each of them end. */
  async function pass(ms: number): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += HOUR_MS / 4) {
      await machine.clock.advance(HOUR_MS / 4)
      await node.settled()
    }
  }
})
