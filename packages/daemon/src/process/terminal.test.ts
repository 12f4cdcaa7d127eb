import { createHash } from 'node:crypto'
import { readdirSync, readlinkSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { collect, stream, unary } from '../testing/rpc-call.ts'
import { startTestGuest, type TestGuest } from '../testing/test-guest.ts'
import { sessionMembers } from './session-members.ts'

type Events = AsyncGenerator<Record<string, unknown>>

let guest: TestGuest
const call = (method: string, body: object) => unary(guest.url, `process.Process/${method}`, body)
const start = (process: object, more: object = {}) => stream(guest.url, 'process.Process/Start', { process, ...more })
const size = { cols: 100, rows: 30 }
const shell = () => start({ cmd: '/bin/bash', args: ['--norc', '-i'], envs: { PS1: '> ' } }, { pty: { size } })
const type = (pid: number, text: string) =>
  call('SendInput', { process: { pid }, input: { pty: Buffer.from(text).toString('base64') } })

beforeAll(async () => {
  guest = await startTestGuest()
})
afterAll(() => guest[Symbol.asyncDispose]())

async function pidOf(events: Events): Promise<number> {
  const first = (await events.next()).value as { event: { start: { pid: number } } }
  return first.event.start.pid
}

function ptyBytes(message: unknown): Buffer {
  const { event } = message as { event?: { data?: { pty?: string } } }
  return Buffer.from(event?.data?.pty ?? '', 'base64')
}

/** Reads on until what was printed has `text`. */
async function readUntil(events: Events, text: string): Promise<string> {
  let seen = ''
  while (!seen.includes(text)) {
    const next = await events.next()
    if (next.done === true) throw new Error(`the stream ended after ${JSON.stringify(seen)}`)
    seen += ptyBytes(next.value).toString()
  }
  return seen
}

describe('a process on a terminal', () => {
  it('owns it, knows its size and changes of it, and ends with its status', async () => {
    const events = shell()
    const pid = await pidOf(events)
    await type(pid, `echo "$(tty) $(stty size)"; echo hi > $(tty); trap 'echo now $(stty size)' WINCH; echo rea''dy\n`)
    const seen = await readUntil(events, 'ready\r\n')
    expect(seen).toMatch(/\/dev\/pts\/\d+ 30 100\r\n/)
    expect(seen).toContain('\r\nhi\r\n')
    expect((await call('Update', { process: { pid }, pty: { size: { cols: 120, rows: 40 } } })).status).toBe(200)
    await type(pid, '\n')
    await readUntil(events, 'now 40 120\r\n')
    await type(pid, 'exit 7\n')
    expect(await collect(events)).toContainEqual({
      event: { end: { exitCode: 7, exited: true, status: 'exit status 7', error: 'exit status 7' } },
    })
  })

  it('has job control: Ctrl-C ends what runs, Ctrl-Z stops it, Ctrl-D the shell', async () => {
    const events = shell()
    const pid = await pidOf(events)
    await type(pid, `sh -c "echo sleep''ing; exec sleep 300"\n`)
    await readUntil(events, '\r\nsleeping\r\n')
    await type(pid, '\x03')
    await readUntil(events, '> ')
    await type(pid, 'echo code $?\n')
    await readUntil(events, 'code 130\r\n')
    await type(pid, `sh -c "echo read''ing; exec cat"\n`)
    await readUntil(events, '\r\nreading\r\n')
    await type(pid, '\x1a')
    await readUntil(events, 'Stopped')
    await type(pid, 'fg\n')
    await readUntil(events, 'exec cat')
    await type(pid, '\x03')
    await readUntil(events, '> ')
    await type(pid, 'echo again $?\n')
    await readUntil(events, 'again 130\r\n')
    await type(pid, '\x04')
    expect(await collect(events)).toContainEqual({ event: { end: { exited: true, status: 'exit status 0' } } })
  })

  it('passes binary output unchanged, in chunks of at most 16 KiB', async () => {
    const script = 'stty raw; head -c 300000 /dev/urandom > bytes; sha256sum < bytes > sum; cat bytes'
    const events = start({ cmd: 'bash', args: ['-c', script] }, { pty: { size } })
    const chunks = (await collect(events)).map(ptyBytes)
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(16 * 1024)

    const sum = createHash('sha256').update(Buffer.concat(chunks)).digest('hex')
    const expected = await collect(start({ cmd: 'cat', args: ['sum'] }))
    expect(JSON.stringify(expected)).toContain(Buffer.from(`${sum}  -\n`).toString('base64'))
  })

  it('takes input larger than the terminal holds, in order', async () => {
    const script = 'stty raw -echo; echo ready; head -c 200000 | sha256sum'
    const events = start({ cmd: 'bash', args: ['-c', script] }, { pty: { size } })
    const pid = await pidOf(events)
    await readUntil(events, 'ready')
    const data = Buffer.from(Array.from({ length: 200_000 }, (_, index) => index % 251))
    const writes = [0, 1, 2, 3].map((part) =>
      call('SendInput', {
        process: { pid },
        input: { pty: data.subarray(part * 50_000, (part + 1) * 50_000).toString('base64') },
      }),
    )
    expect((await Promise.all(writes)).map(({ status }) => status)).toEqual([200, 200, 200, 200])

    await readUntil(events, createHash('sha256').update(data).digest('hex'))
  })

  it('leaves no descriptor to later processes, nor to the daemon once it has ended', async () => {
    // Those of the test before close a moment after their processes end.
    await vi.waitFor(() => expect(terminalsOpen()).toBe(0))
    const events = shell()
    const pid = await pidOf(events)
    const second = shell()
    const secondPid = await pidOf(second)
    const list = await collect(start({ cmd: 'bash', args: ['-c', 'ls -l /proc/$$/fd'] }))
    const listing = list.map(
      (message) => (message as { event?: { data?: { stdout?: string } } }).event?.data?.stdout ?? '',
    )
    expect(Buffer.from(listing.join(''), 'base64').toString()).not.toMatch(/ptmx|pts/)
    await type(secondPid, "ls -l /proc/$$/fd; echo do''ne\n")
    expect(await readUntil(second, 'done\r\n')).not.toContain('ptmx')
    for (const each of [pid, secondPid]) await call('SendSignal', { process: { pid: each }, signal: 9 })
    await collect(events)
    await collect(second)
    await vi.waitFor(() => expect(terminalsOpen()).toBe(0))
  })

  it('refuses what makes no sense', async () => {
    const events = shell()
    const process = { pid: await pidOf(events) }
    expect((await call('CloseStdin', { process })).body).toMatchObject({ code: 'invalid_argument' })
    expect((await call('SendInput', { process, input: { stdin: 'YQ==' } })).body).toMatchObject({ code: 'internal' })
    expect((await call('Update', { process, pty: { size: { cols: 70_000, rows: 1 } } })).status).toBe(400)
    await call('SendSignal', { process, signal: 9 })
    expect(await collect(events)).toContainEqual({
      event: { end: { exitCode: -1, status: 'signal: killed', error: 'signal: killed' } },
    })
  })

  it('is killed with its jobs', async () => {
    const events = shell()
    const pid = await pidOf(events)
    await type(pid, 'sleep 300 & sh -c "echo job; exec cat"\n')
    await readUntil(events, '\r\njob\r\n')
    const jobs = sessionMembers(pid).filter((member) => member !== pid)
    expect(jobs).toHaveLength(2)
    await call('SendSignal', { process: { pid }, signal: 9 })
    await collect(events)
    await vi.waitFor(() => expect(sessionMembers(pid)).toEqual([]))
  })

  it('ends though a background program keeps the terminal open', async () => {
    const script = 'trap "" HUP; sleep 300 & echo $!'
    const events = start({ cmd: 'bash', args: ['-c', script] }, { pty: {} })
    const all = await collect(events)
    expect(all).toContainEqual({ event: { end: { exited: true, status: 'exit status 0' } } })
    process.kill(Number(Buffer.concat(all.map(ptyBytes)).toString()), 'SIGKILL')
  })
})

function terminalsOpen(): number {
  return readdirSync('/proc/self/fd').filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).includes('ptmx')
    } catch {
      return false
    }
  }).length
}
