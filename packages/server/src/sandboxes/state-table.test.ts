import { DrowseError, publicState, type SandboxId } from '@drowse/protocol'
import { expect, test } from 'vitest'
import { Harness, TEAM, type TestSandbox } from '../testing/harness.ts'

type Operation = (harness: Harness, id: SandboxId) => Promise<unknown>

const connect: Operation = async (h, id) => ((await h.connect(id)).isResumed ? 201 : 200)
const resume: Operation = async (h, id) => {
  await h.service.resume(TEAM, id, { timeoutMs: 15_000, memory: true })
  return 201
}
const pause: Operation = async (h, id) => await done(h.pause(id))
const setTimeout: Operation = async (h, id) => await done(h.service.setTimeout(TEAM, id, 5_000))
const refresh: Operation = async (h, id) => await done(h.service.refresh(TEAM, id, 0))
const kill: Operation = async (h, id) => await done(h.kill(id))
const get: Operation = async (h, id) => (await h.get(id), 200)
const list: Operation = async (h, id) => {
  const page = await h.service.list({ teamId: TEAM, states: ['running', 'paused'], order: 'asc', limit: 10 })
  const found = page.sandboxes.find(({ sandbox }) => sandbox.id === id)
  return found === undefined ? 'absent' : publicState(found.sandbox.state)
}
const traffic: Operation = async (h, id) => (await h.service.routes.resolve(id)).kind

/** wire.md §5.3: what each operation answers in each state, and the state it leaves. */
const TABLE: Record<
  string,
  { run: Operation; attributes?: TestSandbox; cells: Record<string, [answer: unknown, after: string]> }
> = {
  connect: {
    run: connect,
    cells: {
      running: [200, 'running'],
      pausing: [201, 'running'],
      paused: [201, 'running'],
      resuming: [200, 'running'],
      killing: [409, 'gone'],
      gone: [404, 'gone'],
    },
  },
  resume: {
    run: resume,
    cells: {
      running: [409, 'running'],
      pausing: [201, 'running'],
      paused: [201, 'running'],
      resuming: [201, 'running'],
      killing: [409, 'gone'],
      gone: [404, 'gone'],
    },
  },
  pause: {
    run: pause,
    cells: {
      running: [204, 'paused'],
      pausing: [204, 'paused'],
      paused: [409, 'paused'],
      resuming: [204, 'paused'],
      killing: [409, 'gone'],
      gone: [404, 'gone'],
    },
  },
  setTimeout: {
    run: setTimeout,
    cells: {
      running: [204, 'running'],
      pausing: [409, 'paused'],
      paused: [404, 'paused'],
      resuming: [204, 'running'],
      killing: [409, 'gone'],
      gone: [404, 'gone'],
    },
  },
  refresh: {
    run: refresh,
    cells: {
      running: [204, 'running'],
      pausing: [409, 'paused'],
      paused: [404, 'paused'],
      resuming: [204, 'running'],
      killing: [409, 'gone'],
      gone: [404, 'gone'],
    },
  },
  kill: {
    run: kill,
    cells: {
      running: [204, 'gone'],
      pausing: [204, 'gone'],
      paused: [204, 'gone'],
      resuming: [204, 'gone'],
      killing: [204, 'gone'],
      gone: [404, 'gone'],
    },
  },
  get: {
    run: get,
    cells: {
      running: [200, 'running'],
      pausing: [200, 'paused'],
      paused: [200, 'paused'],
      resuming: [200, 'running'],
      killing: [404, 'gone'],
      gone: [404, 'gone'],
    },
  },
  list: {
    run: list,
    cells: {
      running: ['running', 'running'],
      pausing: ['paused', 'paused'],
      paused: ['paused', 'paused'],
      resuming: ['paused', 'running'],
      killing: ['absent', 'gone'],
      gone: ['absent', 'gone'],
    },
  },
  'traffic with auto-resume': {
    run: traffic,
    attributes: { autoPause: true, autoResume: true },
    cells: {
      running: ['running', 'running'],
      pausing: ['asleep', 'paused'],
      paused: ['asleep', 'paused'],
      resuming: ['asleep', 'running'],
      killing: ['not-found', 'gone'],
      gone: ['not-found', 'gone'],
    },
  },
  'a request that traffic makes, with auto-resume': {
    run: async (h, id) => await done(h.wake(id)),
    attributes: { autoPause: true, autoResume: true },
    cells: {
      running: [204, 'running'],
      pausing: [204, 'running'],
      paused: [204, 'running'],
      resuming: [204, 'running'],
      killing: [404, 'gone'],
      gone: [404, 'gone'],
    },
  },
  'traffic without auto-resume': {
    run: traffic,
    cells: {
      running: ['running', 'running'],
      pausing: ['not-found', 'paused'],
      paused: ['not-found', 'paused'],
      resuming: ['asleep', 'running'],
      killing: ['not-found', 'gone'],
      gone: ['not-found', 'gone'],
    },
  },
}

for (const [name, { run, attributes = {}, cells }] of Object.entries(TABLE)) {
  for (const [state, [answer, after]] of Object.entries(cells)) {
    test(`${name} on a sandbox that is ${state} answers ${String(answer)} and leaves it ${after}`, async () => {
      await using harness = await Harness.start()
      const id = await harness.create(attributes)
      const release = await bringTo(harness, id, state)
      expect(await harness.state(id)).toBe(state)
      const answering = statusOf(run(harness, id))
      release()
      expect(await answering).toBe(answer)
      await harness.service[Symbol.asyncDispose]()
      expect(await harness.state(id)).toBe(after)
      expect((await harness.node.find(id))?.status ?? 'gone').toBe(after)
    })
  }
}

/** Brings a running sandbox to `state`; a state on the way to another lasts until the returned function is called. */
async function bringTo(harness: Harness, id: SandboxId, state: string): Promise<() => void> {
  if (state === 'paused' || state === 'resuming') await harness.pause(id)
  if (state === 'gone') await harness.kill(id)
  const passing = {
    pausing: ['pause', pause],
    resuming: ['resume', connect],
    killing: ['kill', kill],
  } as const
  if (!(state in passing)) return () => {}
  const [method, operation] = passing[state as keyof typeof passing]
  const blocked = harness.node.blockNext(method)
  void operation(harness, id).catch(() => {}) // a kill may win over it
  await blocked.entered
  return () => blocked.release()
}

async function done(work: Promise<unknown>): Promise<number> {
  await work
  return 204
}

async function statusOf(work: Promise<unknown>): Promise<unknown> {
  try {
    return await work
  } catch (error) {
    if (error instanceof DrowseError) return error.status
    throw error
  }
}
