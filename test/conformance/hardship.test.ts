import { Sandbox } from 'e2b'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../platform/support/sandboxes.ts'
import { collect, outputOf, pidOf, rawGuest, type RawGuest } from './support/raw-rpc.ts'

let sandbox: Sandbox
let guest: RawGuest
beforeAll(async () => {
  sandbox = await Sandbox.create({ timeoutMs: 600_000 })
  guest = await rawGuest(sandbox)
})
afterAll(() => sandbox.kill())

/** Prints how many pipes and terminals the daemon holds, and how many processes have ended unnoticed. */
const OPEN_AND_DEAD = `ls -l /proc/2/fd | grep -cE 'pipe:|pt[ms]'; ps -eo stat | grep -c ^Z || true`

/** Memory of the daemon in MiB, without the files that it shares with all other sandboxes. */
async function daemonMemory(): Promise<number> {
  const script = `awk '/^[0-9a-f]+-[0-9a-f]+ / { file = ($6 ~ /^\\//) } /^Rss:/ { if (!file) sum += $2 } END { print sum }' /proc/2/smaps`
  const { stdout } = await sandbox.commands.run(script, { user: 'root' })
  return Number(stdout) / 1024
}

const inBackground = { background: true, timeoutMs: 0 } as const

describe('the daemon under hardship', () => {
  it('is small when idle', async () => {
    expect(await daemonMemory()).toBeLessThan(60)
  })

  it('lets a million lines go that nobody reads, in bounded memory', async () => {
    const before = await daemonMemory()
    const printing = await sandbox.commands.run('seq 1000000; touch /tmp/all-printed', inBackground)
    await printing.disconnect()
    await until(async () => await sandbox.files.exists('/tmp/all-printed'))
    expect(await daemonMemory()).toBeLessThan(before + 30)
  })

  it('holds a process back for a reader that does not read, in bounded memory, and serves others', async () => {
    const before = await daemonMemory()
    const leaving = new AbortController()
    const events = guest.stream(
      'process.Process/Start',
      { process: { cmd: '/bin/bash', args: ['-c', 'yes & sleep 1; touch /tmp/yes-ran; wait'] } },
      { signal: leaving.signal },
    )
    const pid = await pidOf(events)
    await until(async () => await sandbox.files.exists('/tmp/yes-ran'))
    expect(await daemonMemory()).toBeLessThan(before + 30)
    expect((await sandbox.commands.run('echo served')).stdout).toBe('served\n')
    leaving.abort()
    expect(await sandbox.commands.kill(pid)).toBe(true)
  })

  it('lives through a fork bomb, serves others meanwhile, and can end it', { timeout: 300_000 }, async () => {
    const asRoot = { user: 'root', timeoutMs: 120_000 }
    const count = async (): Promise<number> =>
      Number((await sandbox.commands.run('ls /proc | grep -c "^[0-9]"', asRoot)).stdout)
    const [few, limit] = [await count(), Number((await sandbox.commands.run('ulimit -u', asRoot)).stdout)]
    const bomb = await sandbox.commands.run('bomb() { bomb | bomb & }; bomb; sleep 3000', inBackground)
    await bomb.disconnect()
    await until(async () => (await count()) > limit * 0.9, 200_000)
    await sandbox.files.write('/tmp/served', 'written', { user: 'root' })
    expect(await sandbox.files.read('/tmp/served')).toBe('written')
    const answer = await collect(guest.stream('process.Process/Start', { process: { cmd: '/bin/true' } }))
    expect([1, 3]).toContain(answer.length)
    if (answer.length === 1) expect(answer).toMatchObject([{ error: { code: 'resource_exhausted' } }])
    expect(await sandbox.commands.kill(bomb.pid)).toBe(true)
    await until(async () => (await count()) <= few, 60_000)
    expect((await sandbox.commands.run('echo well')).stdout).toBe('well\n')
  })

  it('starts 200 processes at once, and every one ends as it should', async () => {
    const runs = Array.from({ length: 200 }, async (_, number) => {
      const process = { cmd: '/bin/bash', args: ['-c', `echo ${number}; exit ${number % 50}`] }
      const events = await collect(guest.stream('process.Process/Start', { process, stdin: false }))
      const end = events.at(-2) as { event?: { end?: { exitCode?: number } } }
      return [outputOf(events, 'stdout').toString(), end.event?.end?.exitCode ?? 0]
    })
    expect(await Promise.all(runs)).toEqual(Array.from({ length: 200 }, (_, number) => [`${number}\n`, number % 50]))
  })

  it('leaves no descriptor and no zombie behind', async () => {
    const look = async (): Promise<string> => (await sandbox.commands.run(OPEN_AND_DEAD, { user: 'root' })).stdout
    const before = await look()
    for (let round = 0; round < 20; round++) await sandbox.commands.run('true')
    const terminal = await sandbox.pty.create({ cols: 80, rows: 24, onData: () => undefined })
    await terminal.kill()
    await until(async () => (await look()) === before)
    expect(before.split('\n')[1]).toBe('0')
  })
})
