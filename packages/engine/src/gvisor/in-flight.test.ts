import { describe, expect, test } from 'vitest'
import { InFlight } from './in-flight.ts'

describe('InFlight', () => {
  test('refuses a second call for the same sandbox, not one for another', async () => {
    const calls = new InFlight()
    const gate = Promise.withResolvers<string>()
    const first = calls.run('start', 'a', async () => await gate.promise)
    await expect(calls.run('freeze', 'a', async () => 'no')).rejects.toMatchObject({ code: 'conflict' })
    expect(await calls.run('freeze', 'b', async () => 'yes')).toBe('yes')
    gate.resolve('done')
    expect(await first).toBe('done')
    expect(await calls.run('freeze', 'a', async () => 'again')).toBe('again')
  })

  test('cancel ends a call with "conflict", and waits until it has let go', async () => {
    const calls = new InFlight()
    let isOver = false
    const call = calls.run('create', 'a', async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      await new Promise((resolve) => setImmediate(resolve))
      isOver = true
    })
    const outcome = call.catch((error: unknown) => error)
    await calls.cancel('a')
    expect(isOver).toBe(true)
    expect(await outcome).toMatchObject({
      code: 'conflict',
      message: 'Cannot create sandbox "a": it was destroyed meanwhile',
    })
  })

  test('cancel of nothing does nothing', async () => {
    await expect(new InFlight().cancel('a')).resolves.toBeUndefined()
  })
})
