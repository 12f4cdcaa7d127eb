import { Sandbox } from 'e2b'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../platform/support/sandboxes.ts'
import { asUser, chunksOf, collect, outputOf, pidOf, rawGuest, type Message, type RawGuest } from './support/raw-rpc.ts'

let sandbox: Sandbox
let guest: RawGuest
beforeAll(async () => {
  sandbox = await Sandbox.create({ timeoutMs: 600_000 })
  guest = await rawGuest(sandbox)
})
afterAll(() => sandbox.kill())

const call = (method: string, body: unknown) => guest.unary(`process.Process/${method}`, body)
const start = (process: object, more: object = {}, headers: Record<string, string> = {}) =>
  guest.stream('process.Process/Start', { process, ...more }, { headers })
const connect = (process: object) => guest.stream('process.Process/Connect', { process })
const bash = (script: string) => ({ cmd: '/bin/bash', args: ['-c', script] })
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const endEvent = (status: object) => ({ event: { end: expect.objectContaining(status) } })
const KILLED = endEvent({ exitCode: -1, status: 'signal: killed', error: 'signal: killed' })

describe('encoding', () => {
  it('frames start, data, end and the end of the stream', async () => {
    expect(await collect(start({ cmd: 'echo', args: ['hi'] }))).toEqual([
      { event: { start: { pid: expect.any(Number) } } },
      { event: { data: { stdout: base64('hi\n') } } },
      { event: { end: { exited: true, status: 'exit status 0' } } },
      {},
    ])
  })

  it('an error of a stream comes with status 200, one of a unary call with its own', async () => {
    expect(await collect(connect({ pid: 1 }))).toEqual([
      { error: { code: 'not_found', message: 'process with pid 1 not found' } },
    ])
    expect(await call('SendSignal', { process: { tag: 'x' }, signal: 9 })).toEqual({
      status: 404,
      body: { code: 'not_found', message: 'process with tag x not found' },
    })
  })

  it('takes enums by name or number, unknown fields, the identity encoding', async () => {
    for (const signal of ['SIGNAL_SIGKILL', 9]) {
      const events = start(bash('exec sleep 300'), { unknownField: 1 })
      const pid = await pidOf(events)
      expect(await call('SendSignal', { process: { pid }, signal })).toEqual({ status: 200, body: {} })
      expect(await collect(events)).toContainEqual(KILLED)
    }
    const listed = await guest.unary(
      'process.Process/List',
      {},
      { 'Content-Encoding': 'identity', 'Accept-Encoding': 'identity' },
    )
    expect(listed.status).toBe(200)
  })

  it('a bad body is an invalid argument, an unknown method is unimplemented', async () => {
    expect((await call('SendSignal', [])).status).toBe(400)
    expect((await call('SendSignal', { process: { pid: 'x' } })).status).toBe(400)
    expect((await guest.fetch('/process.Process/Nothing', { method: 'POST' })).status).toBe(404)
  })

  it('without the token nothing is told', async () => {
    const answer = await guest.fetch('/process.Process/List', {
      method: 'POST',
      headers: { 'X-Access-Token': 'wrong', 'Content-Type': 'application/json' },
      body: '{}',
    })
    expect(answer.status).toBe(401)
  })
})

describe('Start', () => {
  it.each([
    [{ cmd: 'nope' }, 'invalid_argument', 'executable file not found'],
    [{ cmd: '/nope' }, 'invalid_argument', 'no such file or directory'],
    [{ cmd: '/etc/passwd' }, 'invalid_argument', 'permission denied'],
    [{ cmd: '' }, 'invalid_argument', 'empty'],
    [{ cmd: 'echo', args: ['a\0b'] }, 'invalid_argument', 'null byte'],
    [{ cmd: 'echo', envs: { A: 'a\0b' } }, 'invalid_argument', 'null byte'],
    [{ cmd: 'true', cwd: '/none' }, 'invalid_argument', "cwd '/none' does not exist"],
    [{ cmd: 'true', cwd: '/a\0b' }, 'invalid_argument', 'NUL byte'],
  ])('refuses %j', async (process, code, text) => {
    expect(await collect(start(process))).toEqual([{ error: { code, message: expect.stringContaining(text) } }])
  })

  it('refuses a command line of 10 MB and serves the next', async () => {
    expect(await collect(start({ cmd: 'echo', args: ['x'.repeat(10_000_000)] }))).toEqual([
      { error: { code: 'invalid_argument', message: expect.stringMatching(/too long/) } },
    ])
    expect(outputOf(await collect(start({ cmd: 'echo', args: ['x'.repeat(100_000)] })), 'stdout').length).toBe(100_001)
  })

  it('refuses unknown users and a request without process', async () => {
    expect(await collect(start({ cmd: 'true' }, {}, asUser('ghost')))).toEqual([
      { error: { code: 'unauthenticated', message: "invalid username: 'ghost'" } },
    ])
    expect(await collect(guest.stream('process.Process/Start', {}))).toMatchObject([
      { error: { code: 'invalid_argument' } },
    ])
  })

  it('passes every byte unchanged, in chunks of at most 32 KiB, both outputs apart', async () => {
    const script =
      'head -c 500000 /dev/urandom > /tmp/bytes; cat /tmp/bytes; cat /tmp/bytes >&2; sha256sum < /tmp/bytes > /tmp/sum'
    const events = await collect(start(bash(script)))
    expect(Math.max(...chunksOf(events, 'stdout').map(({ length }) => length))).toBeLessThanOrEqual(32 * 1024)
    const [out, err] = [outputOf(events, 'stdout'), outputOf(events, 'stderr')]
    expect(out.length).toBe(500_000)
    expect(out.equals(err)).toBe(true)
    const { createHash } = await import('node:crypto')
    const sum = outputOf(await collect(start({ cmd: 'cat', args: ['/tmp/sum'] })), 'stdout').toString()
    expect(sum).toBe(`${createHash('sha256').update(out).digest('hex')}  -\n`)
  })

  it('passes every byte of a terminal, in chunks of at most 16 KiB', async () => {
    const pty = { size: { cols: 80, rows: 24 } }
    const events = await collect(start(bash('stty raw; head -c 500000 /dev/zero | tr "\\000" "\\377"'), { pty }))
    const chunks = chunksOf(events, 'pty')
    expect(Math.max(...chunks.map(({ length }) => length))).toBeLessThanOrEqual(16 * 1024)
    expect(Buffer.concat(chunks).equals(Buffer.alloc(500_000, 0xff))).toBe(true)
  })

  it.each([
    ['exit 3', { exitCode: 3, exited: true, status: 'exit status 3', error: 'exit status 3' }],
    ['kill -TERM $$', { exitCode: -1, status: 'signal: terminated', error: 'signal: terminated' }],
    [
      'kill -USR1 $$',
      { exitCode: -1, status: 'signal: user defined signal 1', error: 'signal: user defined signal 1' },
    ],
  ])('tells how "%s" ended', async (script, status) => {
    expect((await collect(start(bash(script)))).at(-2)).toEqual({ event: { end: status } })
  })

  it('opens stdin unless told otherwise, and closes it on demand', async () => {
    const events = start({ cmd: 'cat' }, { tag: 'open-stdin' })
    await pidOf(events)
    await call('SendInput', { process: { tag: 'open-stdin' }, input: { stdin: base64('hi') } })
    expect((await call('CloseStdin', { process: { tag: 'open-stdin' } })).status).toBe(200)
    expect(outputOf(await collect(events), 'stdout').toString()).toBe('hi')
    const closed = start(bash('cat; exec sleep 300'), { stdin: false })
    const pid = await pidOf(closed)
    expect(await call('SendInput', { process: { pid }, input: { stdin: 'YQ==' } })).toEqual({
      status: 500,
      body: { code: 'internal', message: expect.stringContaining('error writing to stdin') },
    })
    await call('SendSignal', { process: { pid }, signal: 9 })
    await collect(closed)
  })

  it('sends keepalives at the asked interval, counted anew after data', async () => {
    const script = 'for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.1; done; sleep 1.5'
    const events = await collect(start(bash(script), {}, { 'Keepalive-Ping-Interval': '1' }))
    const kinds = events.flatMap(({ event }) => Object.keys((event as object | undefined) ?? {}))
    expect(kinds.filter((kind) => kind === 'data')).toHaveLength(8)
    expect(kinds.indexOf('keepalive')).toBeGreaterThan(kinds.lastIndexOf('data'))
  })

  it('kills at Connect-Timeout-Ms, though the client has gone', async () => {
    const events = start(bash('sleep 300'), {}, { 'Connect-Timeout-Ms': '700' })
    const pid = await pidOf(events)
    expect((await collect(events)).at(-1)).toMatchObject({ error: { code: 'deadline_exceeded' } })
    expect(await collect(connect({ pid }))).toContainEqual(KILLED)
    const leaving = new AbortController()
    const abandoned = guest.stream(
      'process.Process/Start',
      { process: bash('sleep 300') },
      { headers: { 'Connect-Timeout-Ms': '700' }, signal: leaving.signal },
    )
    const second = await pidOf(abandoned)
    leaving.abort()
    expect(await collect(connect({ pid: second }))).toContainEqual(KILLED)
  })
})

describe('Connect', () => {
  it('finds by pid and by tag, tells start first, and serves all readers', async () => {
    const events = start({ cmd: 'cat' }, { tag: 'shared' })
    const pid = await pidOf(events)
    const readers = [connect({ pid }), connect({ tag: 'shared' }), connect({ pid })]
    expect(await Promise.all(readers.map(pidOf))).toEqual([pid, pid, pid])
    await call('SendInput', { process: { pid }, input: { stdin: base64('to all') } })
    await call('CloseStdin', { process: { pid } })
    for (const reader of [events, ...readers]) {
      const rest = await collect(reader)
      expect(outputOf(rest, 'stdout').toString()).toBe('to all')
      expect(rest.at(-2)).toMatchObject(endEvent({ status: 'exit status 0' }))
    }
    const late = await collect(connect({ tag: 'shared' }))
    expect(late).toEqual([
      { event: { start: { pid } } },
      { event: { end: { exited: true, status: 'exit status 0' } } },
      {},
    ])
  })

  it('has its time limit end the stream and not the process', async () => {
    const events = start(bash('read line; echo still here'))
    const pid = await pidOf(events)
    const limited = guest.stream(
      'process.Process/Connect',
      { process: { pid } },
      { headers: { 'Connect-Timeout-Ms': '300' } },
    )
    await pidOf(limited)
    expect((await collect(limited)).at(-1)).toMatchObject({ error: { code: 'deadline_exceeded' } })
    await call('SendInput', { process: { pid }, input: { stdin: base64('x\n') } })
    expect(outputOf(await collect(events), 'stdout').toString()).toBe('still here\n')
  })

  it('a reader that does not read blocks neither the others nor, for ever, the process', async () => {
    const events = start(bash('read line; head -c 60000000 /dev/zero; echo; echo end'))
    const pid = await pidOf(events)
    const dead = connect({ pid })
    await pidOf(dead)
    await call('SendInput', { process: { pid }, input: { stdin: base64('go\n') } })
    const all = await collect(events)
    expect(outputOf(all, 'stdout').length).toBe(60_000_005)
    expect(all.at(-2)).toMatchObject(endEvent({ status: 'exit status 0' }))
    expect((await collect(dead)).at(-1)).toMatchObject({ error: { code: 'unavailable' } })
  })
})

describe('StreamInput', () => {
  /** What a client would send over time; ends at `close()`. */
  function feed() {
    const queue = new TransformStream<unknown, unknown>(undefined, { highWaterMark: 100 })
    const writer = queue.writable.getWriter()
    return { messages: queue.readable, send: (message: unknown) => writer.write(message), close: () => writer.close() }
  }

  it('writes each message as it comes, ignores keepalives, and answers when the client has sent its last', async () => {
    const events = start({ cmd: 'cat' }, { tag: 'fed' })
    await pidOf(events)
    const { messages, send, close } = feed()
    const answer = guest.clientStream('process.Process/StreamInput', messages)
    await send({ start: { process: { tag: 'fed' } } })
    for (const text of ['one', 'two', 'three']) {
      await send({ data: { input: { stdin: base64(text) } } })
      await send({ keepalive: {} })
      expect(outputOf([(await events.next()).value as Message], 'stdout').toString()).toBe(text)
    }
    await close()
    expect(await answer).toEqual([{}, {}])
    await call('CloseStdin', { process: { tag: 'fed' } })
    await collect(events)
  })

  it('types on a terminal', async () => {
    const events = start(bash('stty -echo; read a; read b; echo "$a-$b"'), { pty: { size: { cols: 80, rows: 24 } } })
    const pid = await pidOf(events)
    const { messages, send, close } = feed()
    const answer = guest.clientStream('process.Process/StreamInput', messages)
    await send({ start: { process: { pid } } })
    await send({ data: { input: { pty: base64('one\n') } } })
    await send({ data: { input: { pty: base64('two\n') } } })
    await close()
    expect(await answer).toEqual([{}, {}])
    expect(outputOf(await collect(events), 'pty').toString()).toContain('one-two\r\n')
  })

  it.each([
    [[{ data: { input: { stdin: 'YQ==' } } }], 'invalid_argument'],
    [[{ start: { process: { pid: 1 } } }], 'not_found'],
  ])('refuses %j', async (sent, code) => {
    const answer = await guest.clientStream('process.Process/StreamInput', ReadableStream.from<unknown>(sent))
    expect(answer.at(-1)).toMatchObject({ error: { code } })
  })

  it('ends at its time limit when the client says nothing more', async () => {
    const { messages, close } = feed()
    const headers = { 'Connect-Timeout-Ms': '400' }
    const answer = await guest.clientStream('process.Process/StreamInput', messages, { headers })
    expect(answer.at(-1)).toMatchObject({ error: { code: 'deadline_exceeded' } })
    await close().catch(() => undefined)
  })
})

describe('Update, SendSignal, List', () => {
  it('refuse what makes no sense', async () => {
    const events = start(bash('exec sleep 300'), { stdin: false })
    const process = { pid: await pidOf(events) }
    expect((await call('SendInput', { process, input: { pty: 'YQ==' } })).body).toMatchObject({ code: 'internal' })
    expect((await call('SendInput', { process })).status).toBe(400)
    expect((await call('SendSignal', { process, signal: 2 })).status).toBe(400)
    expect((await call('SendSignal', { signal: 9 })).status).toBe(400)
    expect((await call('Update', { process })).status).toBe(200)
    expect((await call('Update', { process, pty: { size: { cols: 1, rows: 1 } } })).body).toMatchObject({
      code: 'internal',
    })
    await call('SendSignal', { process, signal: 15 })
    expect((await collect(events)).at(-2)).toMatchObject(endEvent({ status: 'signal: terminated' }))
  })

  it('list what was asked for, tag and cwd too', async () => {
    const config = { ...bash('exec sleep 300'), cwd: '/usr', envs: { A: 'b' } }
    const events = start(config, { tag: 'listed' })
    const pid = await pidOf(events)
    expect((await call('List', {})).body['processes']).toContainEqual({ config, pid, tag: 'listed' })
    await call('SendSignal', { process: { pid }, signal: 9 })
    await collect(events)
    await until(async () => !JSON.stringify((await call('List', {})).body).includes('listed'))
  })
})
