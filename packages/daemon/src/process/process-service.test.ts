import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asUserHeader, collect, stream, unary } from '../testing/rpc-call.ts'
import { startTestGuest, type TestGuest } from '../testing/test-guest.ts'

let guest: TestGuest
const start = (process: object, more: object = {}, headers: Record<string, string> = {}) =>
  stream(guest.url, 'process.Process/Start', { process, ...more }, { headers })
const call = (method: string, body: object) => unary(guest.url, `process.Process/${method}`, body)

beforeAll(async () => {
  guest = await startTestGuest()
})
afterAll(() => guest[Symbol.asyncDispose]())

async function pidOf(events: AsyncGenerator<Record<string, unknown>>): Promise<number> {
  const first = (await events.next()).value as { event: { start: { pid: number } } }
  return first.event.start.pid
}

describe('process.Process/Start', () => {
  it('frames start, data, end and the end of the stream', async () => {
    expect(await collect(start({ cmd: 'echo', args: ['hi'] }))).toEqual([
      { event: { start: { pid: expect.any(Number) } } },
      { event: { data: { stdout: Buffer.from('hi\n').toString('base64') } } },
      { event: { end: { exited: true, status: 'exit status 0' } } },
      {},
    ])
  })

  it.each([
    ['a name that is nowhere', { cmd: 'nope' }, 'invalid_argument', 'executable file not found'],
    ['a path that is not there', { cmd: '/nope' }, 'invalid_argument', 'no such file or directory'],
    ['a file that is no program', { cmd: '/etc/passwd' }, 'invalid_argument', 'permission denied'],
    ['no name', { cmd: '' }, 'invalid_argument', 'empty'],
    ['a NUL in an argument', { cmd: 'echo', args: ['a\0b'] }, 'invalid_argument', 'null bytes'],
    ['a NUL in a variable', { cmd: 'echo', envs: { A: 'a\0b' } }, 'invalid_argument', 'null bytes'],
    [
      'an argument of 10 MB',
      { cmd: 'echo', args: ['x'.repeat(10_000_000)] },
      'invalid_argument',
      'argument list too long',
    ],
    ['a folder that is not there', { cmd: 'true', cwd: '/none' }, 'invalid_argument', "cwd '/none' does not exist"],
  ])('refuses %s', async (_, process, code, text) => {
    expect(await collect(start(process))).toEqual([{ error: { code, message: expect.stringContaining(text) } }])
  })

  it('refuses unknown users and missing processes', async () => {
    expect(await collect(start({ cmd: 'true' }, {}, asUserHeader('ghost')))).toEqual([
      { error: { code: 'unauthenticated', message: "invalid username: 'ghost'" } },
    ])
    expect(await collect(stream(guest.url, 'process.Process/Start', {}))).toMatchObject([
      { error: { code: 'invalid_argument' } },
    ])
  })

  it('sends keepalives in silence, at the asked interval', async () => {
    const events = start({ cmd: 'sleep', args: ['100'] }, {}, { 'Keepalive-Ping-Interval': '0.05' })
    const pid = await pidOf(events)
    expect((await events.next()).value).toEqual({ event: { keepalive: {} } })
    await call('SendSignal', { process: { pid }, signal: 9 })
    expect(await collect(events)).toContainEqual({
      event: { end: { exitCode: -1, status: 'signal: killed', error: 'signal: killed' } },
    })
  })

  it('kills at Connect-Timeout-Ms and says so', async () => {
    const events = start({ cmd: 'sleep', args: ['100'] }, {}, { 'Connect-Timeout-Ms': '500' })
    const pid = await pidOf(events)
    expect(await collect(events)).toMatchObject([{ error: { code: 'deadline_exceeded' } }])
    const ended = stream(guest.url, 'process.Process/Connect', { process: { pid } })
    expect(await collect(ended)).toMatchObject([{}, { event: { end: { status: 'signal: killed' } } }, {}])
  })

  it('opens stdin unless told otherwise', async () => {
    const events = start({ cmd: 'cat' }, { tag: 'open' })
    const pid = await pidOf(events)
    await call('SendInput', { process: { tag: 'open' }, input: { stdin: 'aGk=' } })
    await call('CloseStdin', { process: { tag: 'open' } })
    expect(await collect(events)).toContainEqual({ event: { data: { stdout: 'aGk=' } } })
    expect(await call('CloseStdin', { process: { pid } })).toMatchObject({ status: 404, body: { code: 'not_found' } })
  })

  it('passes large binary output unchanged, in chunks of at most 32 KiB', async () => {
    const script = 'for (let i = 0; i < 40; i++) process.stdout.write(Buffer.alloc(65536, i))'
    const events = await collect(start({ cmd: process.execPath, args: ['-e', script] }, { stdin: false }))
    const chunks = events
      .map((event) => (event as { event?: { data?: { stdout: string } } }).event?.data?.stdout)
      .filter((text) => text !== undefined)
      .map((text) => Buffer.from(text, 'base64'))
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(32 * 1024)
    const expected = Buffer.concat(Array.from({ length: 40 }, (_, index) => Buffer.alloc(65_536, index)))
    expect(Buffer.concat(chunks).equals(expected)).toBe(true)
  })
})

describe('a process that has subscribers', () => {
  it('serves all of them, and goes on when init drops those from before a sleep', async () => {
    const events = start({ cmd: 'cat' })
    const pid = await pidOf(events)
    const second = stream(guest.url, 'process.Process/Connect', { process: { pid } })
    await pidOf(second)
    await call('SendInput', { process: { pid }, input: { stdin: 'MQ==' } })
    expect((await events.next()).value).toEqual({ event: { data: { stdout: 'MQ==' } } })
    expect((await second.next()).value).toEqual({ event: { data: { stdout: 'MQ==' } } })
    await guest.init()
    for (const dropped of [events, second]) {
      expect(await collect(dropped)).toMatchObject([{ error: { code: 'unavailable' } }])
    }
    expect((await call('List', {})).body).toMatchObject({ processes: [{ pid, config: { cmd: 'cat' } }] })
    await call('SendSignal', { process: { pid }, signal: 'SIGNAL_SIGTERM' })
  })
})

describe('calls on processes', () => {
  it('refuse what makes no sense', async () => {
    const events = start({ cmd: 'sleep', args: ['100'] }, { stdin: false, tag: 't' })
    const process = { pid: await pidOf(events) }
    expect(await call('SendInput', { process, input: { stdin: 'YQ==' } })).toEqual({
      status: 500,
      body: { code: 'internal', message: 'error writing to stdin: stdin not enabled or closed' },
    })
    expect((await call('SendInput', { process, input: { pty: 'YQ==' } })).body).toMatchObject({ code: 'internal' })
    expect((await call('SendInput', { process })).status).toBe(400)
    expect((await call('SendSignal', { process, signal: 2 })).status).toBe(400)
    expect((await call('SendSignal', { signal: 9 })).status).toBe(400)
    expect((await call('SendSignal', { process: { pid: 1 }, signal: 9 })).body).toEqual({
      code: 'not_found',
      message: 'process with pid 1 not found',
    })
    expect((await call('Update', { process })).status).toBe(200)
    expect((await call('Update', { process, pty: { size: { cols: 1, rows: 1 } } })).body).toEqual({
      code: 'internal',
      message: 'error resizing tty: tty not assigned to process',
    })
    expect((await call('SendSignal', { process: { tag: 't' }, signal: 9, unknown: true })).status).toBe(200)
    await collect(events)
  })

  it('take the identity encoding that clients name', async () => {
    const answer = await unary(guest.url, 'process.Process/List', {}, { 'Content-Encoding': 'identity' })
    expect(answer).toEqual({ status: 200, body: {} })
  })
})
