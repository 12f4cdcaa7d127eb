import { newSandboxId, type SandboxId } from '@drowse/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { NodeClient, NodeCreateRequest, NodeEvent } from './node-client.ts'

/** Limits of the template. */
const LIMITS = { memoryMb: 512, cpuCount: 2 }

/** A node under test: it has the template `base` with 512 MiB and 2 CPUs, and no sandbox. */
export interface NodeUnderTest extends AsyncDisposable {
  node: NodeClient
  /** Makes the daemon of a running sandbox silent until the next pause of it. */
  silence(id: SandboxId): Promise<void>
  /** Ends the processes of a sandbox from outside. */
  crash(id: SandboxId): Promise<void>
  /** Makes at least one sandbox ahead for `base`; absent for a node that makes none. */
  fillPool?(): Promise<void>
}

/** Declares the tests that every {@link NodeClient} passes. */
export function describeNodeClientContract(name: string, make: () => Promise<NodeUnderTest>): void {
  describe(`${name} keeps the contract of NodeClient`, () => {
    let subject: NodeUnderTest
    let node: NodeClient

    beforeEach(async () => {
      subject = await make()
      node = subject.node
    })
    afterEach(async () => {
      for (const sandbox of await node.inventory()) await node.kill(sandbox.id)
      await subject[Symbol.asyncDispose]()
    })

    const created = async (): Promise<SandboxId> => {
      const wanted = request()
      await node.create(wanted)
      return wanted.id
    }

    it('create() leaves a running sandbox that find, inventory and endpoint know', async () => {
      const id = await created()
      expect(await node.find(id)).toEqual({ id, status: 'running', hasMemory: false })
      expect(await node.inventory()).toEqual([{ id, status: 'running', hasMemory: false }])
      expect((await node.endpoint(id, 8080)).port).toBeGreaterThan(0)
    })

    it('create() of a running id confirms it', async () => {
      const wanted = request()
      await node.create(wanted)
      await node.create(wanted)
      expect(await node.inventory()).toHaveLength(1)
    })

    it('create() of a paused id is a conflict and keeps what is saved', async () => {
      const wanted = request()
      await node.create(wanted)
      await node.pause(wanted.id, { memory: true })
      await expect(node.create(wanted)).rejects.toMatchObject({ code: 'conflict' })
      expect(await node.find(wanted.id)).toMatchObject({ status: 'paused', hasMemory: true })
    })

    it('create() from an unknown template is not_found and leaves nothing', async () => {
      await expect(node.create({ ...request(), templateId: 'none' })).rejects.toMatchObject({ code: 'not_found' })
      expect(await node.inventory()).toEqual([])
    })

    it('pause() with memory saves it, resume() brings it back warm', async () => {
      const id = await created()
      await node.pause(id, { memory: true })
      const found = await node.find(id)
      expect(found).toEqual({ id, status: 'paused', hasMemory: true, tier: expect.stringMatching(/^(frozen|disk)$/) })
      const resumed = await node.resume(id, { init: { envVars: {} }, memory: true })
      expect(resumed).toEqual({ tier: found?.tier, isCold: false })
      expect(await node.find(id)).toEqual({ id, status: 'running', hasMemory: false })
    })

    it('usage() names the running ones only', async () => {
      const [running, paused] = [await created(), await created()]
      await node.pause(paused, { memory: true })
      const usage = await node.usage()
      expect(usage.map(({ id }) => id)).toEqual([running])
      expect(usage[0]?.memoryBytes).toBeGreaterThan(0)
      expect(await node.traffic(running)).toEqual({
        sentBytes: usage[0]?.sentBytes,
        receivedBytes: usage[0]?.receivedBytes,
      })
    })

    it('traffic() knows running and paused ones, of which it never becomes less, and no others', async () => {
      const id = await created()
      const before = await node.traffic(id)
      await node.pause(id, { memory: true })
      const after = await node.traffic(id)
      expect(after?.sentBytes).toBeGreaterThanOrEqual(before?.sentBytes ?? Infinity)
      expect(after?.receivedBytes).toBeGreaterThanOrEqual(before?.receivedBytes ?? Infinity)
      await node.kill(id)
      expect(await node.traffic(id)).toBeUndefined()
    })

    it('pause() without memory makes the next resume cold, with a reason', async () => {
      const id = await created()
      await node.pause(id, { memory: false })
      expect(await node.find(id)).toEqual({ id, status: 'paused', hasMemory: false, tier: 'files' })
      const result = await node.resume(id, { init: { envVars: {} }, memory: true })
      expect(result).toEqual({ tier: 'files', isCold: true, coldReason: expect.any(String) })
      // Whoever missed the answer learns of it all the same, until the next pause.
      expect(await node.find(id)).toEqual({ id, status: 'running', hasMemory: false, coldReason: result.coldReason })
      await node.resume(id, { init: { envVars: {} }, memory: true })
      expect(await node.find(id)).toMatchObject({ coldReason: result.coldReason })
      await node.pause(id, { memory: true })
      await node.resume(id, { init: { envVars: {} }, memory: true })
      expect(await node.find(id)).toEqual({ id, status: 'running', hasMemory: false })
    })

    it('resume() without memory is cold and does not bring the saved memory back later', async () => {
      const id = await created()
      await node.pause(id, { memory: true })
      expect(await node.resume(id, { init: { envVars: {} }, memory: false })).toMatchObject({ isCold: true })
      expect(await node.find(id)).toMatchObject({ id, status: 'running', hasMemory: false })
    })

    it('pause() and resume() repeated confirm their outcome', async () => {
      const id = await created()
      await node.pause(id, { memory: true })
      await node.pause(id, { memory: true })
      await node.resume(id, { init: { envVars: {} }, memory: true })
      expect(await node.resume(id, { init: { envVars: {} }, memory: true })).toMatchObject({ isCold: false })
    })

    it('calls at the same time are served one after the other', async () => {
      const id = await created()
      const pauses = [node.pause(id, { memory: true }), node.pause(id, { memory: true })]
      const resumes = [1, 2, 3].map(() => node.resume(id, { init: { envVars: {} }, memory: true }))
      await Promise.all(pauses)
      expect(await Promise.all(resumes)).toMatchObject([{ isCold: false }, { isCold: false }, { isCold: false }])
      expect(await node.find(id)).toMatchObject({ status: 'running' })
    })

    it('pause(), resume() and endpoint() of an unknown id are not_found', async () => {
      const id = newSandboxId()
      await expect(node.pause(id, { memory: true })).rejects.toMatchObject({ code: 'not_found' })
      await expect(node.resume(id, { init: { envVars: {} }, memory: true })).rejects.toMatchObject({
        code: 'not_found',
      })
      await expect(node.endpoint(id, 80)).rejects.toMatchObject({ code: 'not_found' })
      expect(await node.find(id)).toBeUndefined()
    })

    it('endpoint() of a paused sandbox is not_found', async () => {
      const id = await created()
      await node.pause(id, { memory: true })
      await expect(node.endpoint(id, 80)).rejects.toMatchObject({ code: 'not_found' })
    })

    it('kill() removes a running and a paused sandbox, and is fine with unknown ids', async () => {
      const running = await created()
      const paused = await created()
      await node.pause(paused, { memory: true })
      await Promise.all([node.kill(running), node.kill(paused), node.kill(newSandboxId())])
      await node.kill(paused)
      expect(await node.inventory()).toEqual([])
      await expect(node.resume(paused, { init: { envVars: {} }, memory: true })).rejects.toMatchObject({
        code: 'not_found',
      })
    })

    it('kill() during other operations wins', async () => {
      const wanted = request()
      const creating = node.create(wanted)
      const pausing = node.pause(wanted.id, { memory: true })
      const resuming = node.resume(wanted.id, { init: { envVars: {} }, memory: true })
      const outcomes = Promise.allSettled([creating, pausing, resuming])
      await node.kill(wanted.id)
      for (const outcome of await outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'not_found' })
      }
      expect(await node.find(wanted.id)).toBeUndefined()
      expect(await node.inventory()).toEqual([])
    })

    it('pause() tells that the daemon answered, and confirms a paused one', async () => {
      const id = await created()
      expect(await node.pause(id, { memory: true, requireHealthyGuest: true })).toEqual({ wasGuestSilent: false })
      expect(await node.pause(id, { memory: true, requireHealthyGuest: true })).toEqual({ wasGuestSilent: false })
    })

    it('pause() of a sandbox with a silent daemon is marked, or refused when health is required or memory given up', async () => {
      const id = await created()
      await subject.silence(id)
      for (const options of [{ memory: true, requireHealthyGuest: true }, { memory: false }]) {
        await expect(node.pause(id, options)).rejects.toMatchObject({ code: 'unavailable', isRetryable: true })
      }
      expect(await node.find(id)).toMatchObject({ status: 'running' })
      await subject.silence(id)
      expect(await node.pause(id, { memory: true })).toEqual({ wasGuestSilent: true })
      expect(await node.find(id)).toMatchObject({ status: 'paused', hasMemory: true, wasGuestSilent: true })
      expect(await node.pause(id, { memory: true })).toEqual({ wasGuestSilent: true })
    })

    it('claim() hands each id out once, for its own limits only; a create takes it', async () => {
      await subject.fillPool?.()
      expect(await node.claim('base', { memoryMb: 1024, cpuCount: 2 })).toBeUndefined()
      expect(await node.claim('none', LIMITS)).toBeUndefined()
      const id = await node.claim('base', LIMITS)
      if (subject.fillPool === undefined) {
        expect(id).toBeUndefined()
        return
      }
      expect(id).toEqual(expect.any(String))
      expect(await node.inventory()).toEqual([])
      for (let next = id; next !== undefined;) {
        next = await node.claim('base', LIMITS)
        expect(next).not.toBe(id)
      }
      await node.create({ ...request(), id: id! })
      expect(await node.find(id!)).toEqual({ id, status: 'running', hasMemory: false })
      await node.pause(id!, { memory: true })
      expect(await node.resume(id!, { init: { envVars: {} }, memory: true })).toMatchObject({ isCold: false })
    })

    it('kill() removes a claimed sandbox', async () => {
      await subject.fillPool?.()
      const id = (await node.claim('base', LIMITS)) ?? newSandboxId()
      await node.kill(id)
      expect(await node.find(id)).toBeUndefined()
    })

    it('onEvent() tells when processes end by themselves, until it is ended', async () => {
      const id = await created()
      const events: NodeEvent[] = []
      const later: NodeEvent[] = []
      node.onEvent((event) => events.push(event))
      node.onEvent((event) => later.push(event))()
      await subject.crash(id)
      await vi.waitFor(() => expect(events).toEqual([{ id, kind: 'died', reason: expect.any(String) }]))
      expect(await node.find(id)).toEqual({ id, status: 'paused', hasMemory: false, tier: 'files' })
      expect(later).toEqual([])
    })

    it('templates() names what sandboxes are made from', async () => {
      expect(await node.templates()).toEqual([
        expect.objectContaining({ id: 'base', limits: { memoryMb: 512, cpuCount: 2 } }),
      ])
    })
  })
}

function request(): NodeCreateRequest {
  return {
    id: newSandboxId(),
    templateId: 'base',
    limits: LIMITS,
    init: { accessToken: 'secret', envVars: { A: '1' } },
  }
}
