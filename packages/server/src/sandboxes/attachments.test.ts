import type { SandboxId } from '@drowse/protocol'
import { describe, expect, test } from 'vitest'
import { Harness } from '../testing/harness.ts'
import type { Attachment } from './attachments.ts'

const stays = new AbortController().signal

async function attach(harness: Harness, id: SandboxId, stops: string[] = []): Promise<Attachment> {
  return await harness.service.attach(id, { signal: stays, onStop: (cause) => stops.push(cause) })
}

describe('attach()', () => {
  test.each([{ autoResume: false }, { autoResume: true, autoPause: true }])(
    'wakes what is paused, made with %j',
    async (made) => {
      await using harness = await Harness.start()
      const id = await harness.create(made)
      await harness.pause(id)
      const attachments = await Promise.all([attach(harness, id), attach(harness, id)])
      expect(await harness.state(id)).toBe('running')
      expect((await harness.events(id)).filter((name) => name === 'sandbox.resumed')).toHaveLength(1)
      for (const attachment of attachments) attachment[Symbol.dispose]()
    },
  )

  test('counts as a connection: the idle time begins when the last is gone', async () => {
    await using harness = await Harness.start()
    const id = await harness.create({ autoPause: true, timeoutS: 3_600, metadata: { idle_timeout: '60' } })
    const [first, second] = [await attach(harness, id), await attach(harness, id)]
    await harness.pass(600)
    first[Symbol.dispose]()
    first[Symbol.dispose]()
    await harness.pass(600)
    expect(await harness.state(id)).toBe('running')
    second[Symbol.dispose]()
    await harness.pass(61)
    expect(await harness.state(id)).toBe('paused')
  })

  test('tells of a pause and of a kill once, and no more of either after its end', async () => {
    await using harness = await Harness.start()
    const id = await harness.create()
    const stops: string[] = []
    await attach(harness, id, stops)
    await harness.pause(id)
    await attach(harness, id, stops)
    const ended = await attach(harness, id, stops)
    ended[Symbol.dispose]()
    await harness.kill(id)
    expect(stops).toEqual(['paused', 'killed'])
    await expect(attach(harness, id)).rejects.toMatchObject({ code: 'not_found' })
  })

  test('gives up with its signal, and leaves no connection counted', async () => {
    await using harness = await Harness.start()
    const id = await harness.create({ metadata: { idle_timeout: '60' }, autoPause: true })
    const signal = AbortSignal.abort(new Error('gone'))
    await expect(harness.service.attach(id, { signal, onStop: () => {} })).rejects.toThrow('gone')
    await harness.pass(61)
    expect(await harness.state(id)).toBe('paused')
  })
})
