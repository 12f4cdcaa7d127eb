import { describe, expect, it } from 'vitest'
import { runSteps } from './run-steps.ts'
import type { Step, StepEvent } from './step.ts'

const never = new AbortController().signal

function step(id: string, after: string[], run: Step['run'] = () => Promise.resolve({ status: 'done' })): Step {
  return { id, title: id, after, run }
}

describe('runSteps()', () => {
  it('starts a step only when those before it have ended, and independent ones side by side', async () => {
    const log: string[] = []
    const both = Promise.withResolvers<undefined>()
    let running = 0
    const meet: Step['run'] = async () => {
      if (++running === 2) both.resolve(undefined)
      await both.promise
      return { status: 'done' }
    }
    const plan = [step('a', []), step('b', ['a'], meet), step('c', ['a'], meet), step('d', ['b', 'c'])]
    await runSteps(plan, {
      signal: never,
      onEvent: (event) => {
        log.push(`${event.step.id} ${event.type}`)
      },
    })
    expect(log.indexOf('a ended')).toBeLessThan(log.indexOf('b started'))
    expect(log.indexOf('c ended')).toBeLessThan(log.indexOf('d started'))
    expect(log.at(-1)).toBe('d ended')
  })

  it('throws the first failure, aborts what runs and starts nothing more', async () => {
    const events: StepEvent[] = []
    const plan = [
      step('fails', [], () => Promise.reject(new Error('no disk'))),
      step('long', [], ({ signal }) => {
        const { promise, reject } = Promise.withResolvers<never>()
        signal.addEventListener('abort', () => reject(new Error('told to stop')))
        return promise
      }),
      step('later', ['long']),
    ]
    await expect(runSteps(plan, { signal: never, onEvent: (event) => events.push(event) })).rejects.toThrow('no disk')
    expect(events.filter(({ type }) => type === 'failed').map((event) => event.step.id)).toEqual(['fails', 'long'])
    expect(events.some((event) => event.step.id === 'later')).toBe(false)
  })

  it('passes on what a step reports', async () => {
    const details: string[] = []
    const talk = step('a', [], ({ report }) => {
      report('half')
      return Promise.resolve({ status: 'kept' })
    })
    await runSteps([talk], {
      signal: never,
      onEvent: (event) => {
        if (event.type === 'progress') details.push(event.detail)
      },
    })
    expect(details).toEqual(['half'])
  })
})
