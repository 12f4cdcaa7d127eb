import { DrowseError } from '@drowse/protocol'
import * as fc from 'fast-check'
import { expect } from 'vitest'
import { TEAM } from '../harness.ts'
import type { ModelAttributes, ModelSandbox, SandboxModel } from './sandbox-model.ts'
import type { Subject } from './subject.ts'

/** One thing that is done to the service and to the model, with what it must answer. */
export type Command = fc.AsyncCommand<SandboxModel, Subject>

const BROKEN = new DrowseError('engine_failed', 'runsc: exit 128')

/** Makes a command that takes one of the sandboxes there are, by index. */
function onSandbox(
  name: string,
  run: (sandbox: ModelSandbox, model: SandboxModel, subject: Subject) => Promise<void>,
  canRun: (sandbox: ModelSandbox) => boolean = () => true,
): (index: number) => Command {
  const pick = (model: Readonly<SandboxModel>, index: number): ModelSandbox | undefined => {
    const fitting = [...model.sandboxes.values()].filter(canRun)
    return fitting[index % Math.max(1, fitting.length)]
  }
  return (index) => ({
    check: (model) => pick(model, index) !== undefined,
    run: async (model, subject) => {
      const sandbox = pick(model, index)
      if (sandbox === undefined) return
      await run(sandbox, model, subject)
      await subject.check(model)
    },
    toString: () => `${name} #${index}`,
  })
}

const isRunning = ({ state }: ModelSandbox): boolean => state === 'running'
const isPaused = ({ state }: ModelSandbox): boolean => state === 'paused'

/** What a plain start of a paused one answers. */
function startOutcome({ wasGuestSilent }: ModelSandbox, memory: boolean): 'conflict' | 'ok' {
  return wasGuestSilent && memory ? 'conflict' : 'ok'
}

/** Most sandboxes in one sequence; more add little. */
const MAX_SANDBOXES = 3

const attributes: fc.Arbitrary<ModelAttributes> = fc
  .record({
    timeoutS: fc.constantFrom(20, 60, 120, 300, 420, 3600, 86_400),
    autoPause: fc.boolean(),
    autoPauseMemory: fc.boolean(),
    autoResume: fc.boolean(),
    isLegacyWakeable: fc.boolean(),
    idleS: fc.constantFrom(undefined, 10, 30, 60, 600),
  })
  .map((given) => ({ ...given, autoResume: given.autoResume && given.autoPause }))

const seconds = fc.constantFrom(-1, 0, 10, 15, 60, 300, 1000, 86_400)
const index = fc.nat({ max: MAX_SANDBOXES - 1 })

/** A command that creates a sandbox. */
const create = attributes.map((given): Command => ({
  check: (model) => model.sandboxes.size < MAX_SANDBOXES,
  run: async (model, subject) => {
    model.create(await subject.create(given), given)
    await subject.check(model)
  },
  toString: () => `create ${JSON.stringify(given)}`,
}))

/** A create that the node fails, or in which the service dies. */
const failedCreate = fc
  .tuple(attributes, fc.constantFrom(undefined, 'server.create.intent', 'server.create.effect'))
  .map(([given, step]): Command => ({
    check: () => true,
    run: async (model, subject) => {
      if (step === undefined) {
        subject.harness.node.failNext('create', BROKEN)
        expect(await subject.outcome(subject.create(given))).toBe('engine_failed')
      } else {
        await subject.crashAt(step, async () => await subject.create(given))
        model.restart(0)
      }
      await subject.check(model)
    },
    toString: () => `failed create at ${step ?? 'the node'}`,
  }))

/** `connect`, also without memory. */
const connect = fc.tuple(index, seconds, fc.boolean()).map(([at, timeoutS, memory]) =>
  onSandbox(`connect ${timeoutS} s ${memory ? 'with' : 'without'} memory`, async (sandbox, model, subject) => {
    const call = subject.harness.service.connect(TEAM, sandbox.id, { timeoutMs: timeoutS * 1000, memory })
    const outcome = await subject.outcome(call)
    if (timeoutS <= 0) return expect(outcome).toBe('invalid_argument')
    if (sandbox.state === 'running') {
      expect(outcome).toBe('ok')
      return model.extend(sandbox, timeoutS * 1000)
    }
    expect(outcome).toBe(startOutcome(sandbox, memory))
    if (outcome === 'ok') model.start(sandbox, timeoutS * 1000, memory)
  })(at),
)

/** `resume`, for older clients. */
const resume = index.map(
  onSandbox('resume', async (sandbox, model, subject) => {
    const call = subject.harness.service.resume(TEAM, sandbox.id, { timeoutMs: 15_000, memory: true })
    const outcome = await subject.outcome(call)
    expect(outcome).toBe(isRunning(sandbox) ? 'conflict' : startOutcome(sandbox, true))
    if (outcome === 'ok') model.start(sandbox, 15_000, true)
  }),
)

/** A start during which the node fails, or the service dies. */
const failedStart = fc
  .tuple(index, fc.constantFrom(undefined, 'server.resume.intent', 'server.resume.effect', 'server.resume.outcome'))
  .map(([at, step]) =>
    onSandbox(
      `start that fails at ${step ?? 'the node'}`,
      async (sandbox, model, subject) => {
        if (step === undefined) subject.harness.node.failNext('resume', BROKEN)
        const start = async () => await subject.harness.connect(sandbox.id, 60)
        if (step === undefined) return expect(await subject.outcome(start())).toBe('engine_failed')
        await subject.crashAt(step, start)
        if (step !== 'server.resume.intent') model.start(sandbox, 60_000, true)
        model.restart(0)
      },
      (sandbox) => isPaused(sandbox) && !sandbox.wasGuestSilent,
    )(at),
  )

/** `pause`, with or without memory. */
const pause = fc.tuple(index, fc.boolean(), fc.boolean()).map(([at, memory, requireHealthyGuest]) =>
  onSandbox(`pause ${memory ? 'with' : 'without'} memory`, async (sandbox, model, subject) => {
    const call = subject.harness.service.pause(TEAM, sandbox.id, { memory, requireHealthyGuest })
    const isRefused = sandbox.isSilent && (!memory || requireHealthyGuest)
    const outcome = await subject.outcome(call)
    expect(outcome).toBe(isPaused(sandbox) ? 'conflict' : isRefused ? 'unavailable' : 'ok')
    if (outcome === 'ok') model.pause(sandbox, memory)
  })(at),
)

/** A pause during which the node fails, or the service dies. */
const failedPause = fc
  .tuple(index, fc.constantFrom(undefined, 'server.pause.intent', 'server.pause.effect', 'server.pause.outcome'))
  .map(([at, step]) =>
    onSandbox(
      `pause that fails at ${step ?? 'the node'}`,
      async (sandbox, model, subject) => {
        if (step === undefined) subject.harness.node.failNext('pause', BROKEN)
        const start = async () => await subject.harness.pause(sandbox.id)
        if (step === undefined) return expect(await subject.outcome(start())).toBe('engine_failed')
        await subject.crashAt(step, start)
        if (step !== 'server.pause.intent') model.pause(sandbox, true)
        model.restart(0)
      },
      (sandbox) => isRunning(sandbox) && !sandbox.isSilent,
    )(at),
  )

/** `setTimeout`. */
const setTimeout = fc.tuple(index, seconds).map(([at, timeoutS]) =>
  onSandbox(`setTimeout ${timeoutS} s`, async (sandbox, model, subject) => {
    const outcome = await subject.outcome(subject.harness.service.setTimeout(TEAM, sandbox.id, timeoutS * 1000))
    expect(outcome).toBe(isRunning(sandbox) ? 'ok' : 'not_found')
    if (isPaused(sandbox)) return
    model.setTimeout(sandbox, timeoutS * 1000)
    await subject.harness.pass(0)
    model.advance(0)
  })(at),
)

/** `refresh`. */
const refresh = fc.tuple(index, seconds).map(([at, durationS]) =>
  onSandbox(`refresh ${durationS} s`, async (sandbox, model, subject) => {
    const outcome = await subject.outcome(subject.harness.service.refresh(TEAM, sandbox.id, durationS * 1000))
    expect(outcome).toBe(isRunning(sandbox) ? 'ok' : 'not_found')
    if (isRunning(sandbox)) model.extend(sandbox, Math.max(15, durationS) * 1000)
  })(at),
)

/** `kill`, also one that the node fails at first or that the service does not survive. */
const kill = fc
  .tuple(index, fc.constantFrom(undefined, 'node', 'server.kill.intent', 'server.kill.effect', 'server.kill.outcome'))
  .map(([at, fault]) =>
    onSandbox(`kill ${fault ?? ''}`, async (sandbox, model, subject) => {
      const { harness } = subject
      model.sandboxes.delete(sandbox.id)
      if (fault === undefined || fault === 'node') {
        if (fault === 'node') harness.node.failNext('kill', BROKEN)
        await harness.kill(sandbox.id)
        expect(await subject.outcome(harness.get(sandbox.id))).toBe('not_found')
        if (fault === undefined) return
        await harness.pass(1)
        model.advance(1000)
      } else {
        await subject.crashAt(fault, async () => await harness.kill(sandbox.id))
        model.restart(0)
      }
    })(at),
  )

/** A request to one of its ports. */
const traffic = index.map(
  onSandbox('traffic', async (sandbox, model, subject) => {
    const { routes } = subject.harness.service
    const { kind } = await routes.resolve(sandbox.id)
    if (isRunning(sandbox)) return expect(kind).toBe('running')
    expect(kind).toBe(model.isWakeable(sandbox) ? 'asleep' : 'not-found')
    const outcome = await subject.outcome(subject.harness.wake(sandbox.id))
    expect(outcome).toBe(kind === 'asleep' ? startOutcome(sandbox, true) : 'not_found')
    if (outcome === 'ok') model.start(sandbox, model.wakeTimeoutMs(sandbox), true)
  }),
)

/** A connection that opens and stays. */
const openConnection = index.map(
  onSandbox(
    'open a connection',
    async (sandbox, _model, subject) => {
      subject.openConnection(sandbox.id)
      sandbox.connections += 1
    },
    isRunning,
  ),
)

/** A connection that closes. */
const closeConnection = index.map(
  onSandbox(
    'close a connection',
    async (sandbox, model, subject) => {
      subject.closeConnection(sandbox.id)
      model.disconnect(sandbox)
    },
    ({ connections }) => connections > 0,
  ),
)

/** Its daemon falls silent, or answers again. */
const guestSilence = fc.tuple(index, fc.boolean()).map(([at, isSilent]) =>
  onSandbox(`daemon ${isSilent ? 'silent' : 'answers'}`, async (sandbox, _model, subject) => {
    subject.harness.node.setGuestSilent(sandbox.id, isSilent)
    sandbox.isSilent = isSilent
  })(at),
)

/** Its processes end by themselves. */
const death = index.map(
  onSandbox(
    'death',
    async (sandbox, model, subject) => {
      subject.harness.node.emit({ id: sandbox.id, kind: 'died', reason: 'its memory ran out' })
      await subject.harness.pass(0)
      model.die(sandbox)
    },
    isRunning,
  ),
)

/** Time goes by. */
const advance = fc.constantFrom(1, 9, 29, 30, 31, 59, 60, 61, 299, 300, 301, 3600).map((passing): Command => ({
  check: () => true,
  run: async (model, subject) => {
    await subject.harness.pass(passing)
    model.advance(passing * 1000)
    await subject.check(model)
  },
  toString: () => `${passing} s go by`,
}))

/** Time goes by until a moment before the next end, and until that. */
const toNextEnd = fc.constant<Command>({
  check: (model) => model.nextToEnd() !== undefined,
  run: async (model, subject) => {
    const next = model.nextToEnd()
    if (next === undefined) return
    const ms = model.endAtMs(next) - model.nowMs
    for (const part of ms > 0 ? [ms - 1, 1] : [0]) {
      await subject.harness.pass(part / 1000)
      model.advance(part)
      await subject.check(model)
    }
  },
  toString: () => 'the next one ends',
})

/** The next end is reached, and the node fails it at first or the service dies in it. */
const failedEnd = fc
  .constantFrom(undefined, 'server.expiry.intent', 'server.expiry.effect', 'server.expiry.outcome')
  .map((step): Command => ({
    check: (model) => {
      const next = model.nextToEnd()
      return (
        next !== undefined &&
        [...model.sandboxes.values()].filter(
          (other) => isRunning(other) && model.endAtMs(other) === model.endAtMs(next),
        ).length === 1
      )
    },
    run: async (model, subject) => {
      const next = model.nextToEnd()
      if (next === undefined) return
      const { harness } = subject
      const ms = Math.max(0, model.endAtMs(next) - model.nowMs)
      model.nowMs += ms
      if (step === undefined) {
        harness.node.failNext(next.attributes.autoPause ? 'pause' : 'kill', BROKEN)
        await harness.pass(ms / 1000)
        if (!next.attributes.autoPause) model.sandboxes.delete(next.id)
        else {
          expect(await harness.state(next.id)).toBe('running')
        }
        await harness.pass(1)
        model.nowMs += 1000
        if (next.attributes.autoPause) model.end(next)
        model.advance(0)
      } else {
        await subject.crashAt(step, async () => await harness.pass(ms / 1000))
        const isOver = step !== 'server.expiry.intent' || !next.attributes.autoPause
        if (isOver) model.end(next)
        model.restart(0)
      }
      await subject.check(model)
    },
    toString: () => `the next one ends and fails at ${step ?? 'the node'}`,
  }))

/** The service is killed between two calls and starts again after a while. */
const restart = fc.constantFrom(0, 20, 100, 1000).map((downS): Command => ({
  check: () => true,
  run: async (model, subject) => {
    await subject.restart(downS * 1000)
    model.restart(downS * 1000)
    await subject.check(model)
  },
  toString: () => `restart after ${downS} s`,
}))

/** The machine starts again: every process is gone. */
const reboot = fc.constant<Command>({
  check: () => true,
  run: async (model, subject) => {
    subject.harness.crash()
    for (const sandbox of [...model.sandboxes.values()].filter(isRunning)) {
      subject.harness.node.loseProcesses(sandbox.id)
      model.die(sandbox)
    }
    await subject.restart(0)
    model.restart(0)
    await subject.check(model)
  },
  toString: () => 'reboot',
})

/** Anything that can happen, ordinary things more often. */
export const anything: fc.Arbitrary<Command> = fc.oneof(
  { weight: 10, arbitrary: create },
  { weight: 6, arbitrary: connect },
  { weight: 2, arbitrary: resume },
  { weight: 6, arbitrary: pause },
  { weight: 4, arbitrary: setTimeout },
  { weight: 3, arbitrary: refresh },
  { weight: 2, arbitrary: kill },
  { weight: 6, arbitrary: traffic },
  { weight: 5, arbitrary: openConnection },
  { weight: 5, arbitrary: closeConnection },
  { weight: 6, arbitrary: advance },
  { weight: 6, arbitrary: toNextEnd },
  { weight: 2, arbitrary: guestSilence },
  { weight: 1, arbitrary: death },
  { weight: 1, arbitrary: failedCreate },
  { weight: 3, arbitrary: failedStart },
  { weight: 3, arbitrary: failedPause },
  { weight: 3, arbitrary: failedEnd },
  { weight: 2, arbitrary: restart },
  { weight: 1, arbitrary: reboot },
)
