import { Sandbox } from 'e2b'
import { describe, expect, it } from 'vitest'
import { detailOf } from './support/inspect.ts'
import { killAfterEach, until } from './support/sandboxes.ts'

describe('idle_timeout', () => {
  const keep = killAfterEach()

  it('pauses after 30 s without a connection, and not while a stream is open; malformed and small ones are ignored', async () => {
    const make = async (idle: string): Promise<Sandbox> =>
      keep(
        await Sandbox.create({
          timeoutMs: 300_000,
          metadata: { idle_timeout: idle },
          lifecycle: { onTimeout: 'pause', autoResume: true },
        }),
      )
    const [idle, busy, ...ignored] = await Promise.all(['30', '30', '29', 'soon'].map(make))
    const startedAtMs = Date.now()
    const stream = await busy!.commands.run('sleep 300', { background: true, timeoutMs: 0 })
    const stateOf = async (sandbox: Sandbox): Promise<string> => (await detailOf(sandbox.sandboxId)).state
    expect(Date.parse((await detailOf(idle!.sandboxId)).endAt) - startedAtMs).toBeLessThan(31_000)
    expect(Date.parse((await detailOf(busy!.sandboxId)).endAt) - startedAtMs).toBeGreaterThan(250_000)

    await until(async () => (await stateOf(idle!)) === 'paused', 45_000)
    expect(Date.now() - startedAtMs).toBeGreaterThan(28_000)
    expect(await Promise.all([busy!, ...ignored].map(stateOf))).toEqual(['running', 'running', 'running'])

    const closedAtMs = Date.now()
    await stream.disconnect()
    await until(async () => Date.parse((await detailOf(busy!.sandboxId)).endAt) - closedAtMs < 32_000)
    // A request wakes the idle one and counts for it as a connection.
    expect((await idle!.commands.run('echo awake')).stdout).toBe('awake\n')
  })
})
