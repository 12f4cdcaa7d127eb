import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EnvdStart } from '@drowse/protocol'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTestGuest, type TestGuest } from '../testing/test-guest.ts'
import { parseStart } from './parse-start.ts'

describe('POST /start', () => {
  let guest: TestGuest
  let folder: string

  beforeEach(async () => {
    guest = await startTestGuest()
    folder = await mkdtemp(join(tmpdir(), 'drowse-start-'))
  })
  afterEach(async () => {
    await guest[Symbol.asyncDispose]()
    await rm(folder, { recursive: true })
  })

  it('is 503 with the reason until the ready check holds, then 204; the process begins once', async () => {
    await using stack = new AsyncDisposableStack()
    let isReady = false
    const server = createServer((_request, response) => response.writeHead(isReady ? 200 : 500).end())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    stack.defer(() => new Promise<void>((resolve) => server.close(() => resolve())))
    const { port } = server.address() as AddressInfo
    const log = join(folder, 'log')
    const spec = shell(`echo begun >> ${log}; exec sleep 60`, { port, path: '/health' })
    const early = await post(spec)
    expect(early).toMatchObject({ status: 503, text: expect.stringContaining('ready check') as unknown })
    isReady = true
    expect(await post(spec)).toMatchObject({ status: 204 })
    expect(await post(spec)).toMatchObject({ status: 204 })
    expect(await readFile(log, 'utf8')).toBe('begun\n')
  })

  it('runs a process that failed again, and one that ended well not', async () => {
    const log = join(folder, 'log')
    const marker = join(folder, 'second')
    const script = `echo begun >> ${log}; [ -e ${marker} ] && exit 0; touch ${marker}; exit 3`
    const spec = shell(script, { cmd: '/bin/sh', args: ['-c', `[ "$(wc -l < ${log})" -ge 2 ]`] })
    await vi.waitFor(async () => expect((await post(spec)).status).toBe(204), { timeout: 20_000 })
    expect(await readFile(log, 'utf8')).toBe('begun\nbegun\n')
  })

  it('says how its process ended, and that a program is not there', async () => {
    const failing = shell('exit 3', { port: 1, path: '/' })
    await vi.waitFor(async () => expect((await post(failing)).text).toContain('exit status 3'), { timeout: 20_000 })
  })

  it('is 424 with the last words of a process that failed at once five times', async () => {
    const failing = shell('echo no such luck >&2; exit 3', { port: 1, path: '/' })
    await vi.waitFor(async () => expect((await post(failing)).status).toBe(424), { timeout: 30_000, interval: 200 })
    expect((await post(failing)).text).toContain('exit status 3; it printed: no such luck')
  }, 40_000)

  it('is ready at once without a ready check', async () => {
    await writeFile(join(folder, 'x'), '')
    expect(await post(shell('exec sleep 60'))).toMatchObject({ status: 204 })
  })

  async function post(spec: EnvdStart): Promise<{ status: number; text: string }> {
    const response = await fetch(`${guest.url}/start`, { method: 'POST', body: JSON.stringify(spec) })
    return { status: response.status, text: await response.text() }
  }

  function shell(script: string, ready?: EnvdStart['ready']): EnvdStart {
    const spec = { cmd: '/bin/sh', args: ['-c', script] }
    return ready === undefined ? spec : { ...spec, ready }
  }
})

describe('parseStart()', () => {
  it.each([
    ['body', null],
    ['cmd', { args: [] }],
    ['args', { cmd: 'x', args: [1] }],
    ['user', { cmd: 'x', args: [], user: 1 }],
    ['port', { cmd: 'x', args: [], ready: { port: 0, path: '/' } }],
    ['path', { cmd: 'x', args: [], ready: { port: 1, path: 'x' } }],
    ['cmd', { cmd: 'x', args: [], ready: {} }],
  ])('names %s when that is wrong', (key, body) => {
    expect(() => parseStart(body)).toThrow(`"${key}"`)
  })

  it('keeps what it knows', () => {
    const spec = { cmd: 'a', args: ['b'], user: 'root', ready: { cmd: 'c', args: [] } }
    expect(parseStart({ ...spec, other: 1 })).toEqual(spec)
  })
})
