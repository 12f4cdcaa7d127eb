import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { Sandbox } from 'e2b'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { runPython } from '../platform/support/run-python.ts'
import { killAfterEach } from '../platform/support/sandboxes.ts'

const program = (name: string): string => join(import.meta.dirname, '..', 'platform', 'python', name)

/** By an address: not every client finds names below `localhost`. The certificate holds for both. */
const url = `https://127.0.0.1:${inject('installation').env['DROWSE_HTTPS_PORT']}`
const options = { apiUrl: url, sandboxUrl: url }
const sleeping = { ...options, lifecycle: { onTimeout: 'pause', autoResume: true } } as const

describe('e2b over https', () => {
  const keep = killAfterEach()
  /** What the client's connections agreed to speak. */
  const spoken = new Set<unknown>()
  const onConnected = (message: unknown): void => {
    spoken.add((message as { socket: Partial<TLSSocket> }).socket.alpnProtocol)
  }
  beforeAll(() => subscribe('undici:client:connected', onConnected))
  afterAll(() => void unsubscribe('undici:client:connected', onConnected))

  it('speaks HTTP/2 for API, files and commands', async () => {
    const sandbox = keep(await Sandbox.create(sleeping))
    await sandbox.files.write('notes.txt', 'remember me')
    expect(await sandbox.files.read('notes.txt')).toBe('remember me')
    const lines: string[] = []
    const result = await sandbox.commands.run('for i in 1 2 3; do echo $i; sleep 0.1; done', {
      onStdout: (text) => void lines.push(text),
    })
    expect([result.stdout, lines.join('')]).toEqual(['1\n2\n3\n', '1\n2\n3\n'])
    expect([...spoken]).toEqual(['h2'])
  })

  it('moves large files both ways whole', async () => {
    const sandbox = keep(await Sandbox.create(options))
    const bytes = Buffer.alloc(64 * 1024 * 1024, 'drowse over h2 ')
    await sandbox.files.write('large.bin', new Blob([bytes]))
    const read = await sandbox.files.read('large.bin', { format: 'bytes' })
    expect(Buffer.compare(Buffer.from(read), bytes)).toBe(0)
  })

  it('runs many commands beside each other, and stops one whose client goes away', async () => {
    const sandbox = keep(await Sandbox.create(options))
    const runs = Array.from({ length: 40 }, async (_, i) => (await sandbox.commands.run(`sleep 0.2; echo ${i}`)).stdout)
    expect(await Promise.all(runs)).toEqual(Array.from({ length: 40 }, (_, i) => `${i}\n`))
    const left = await sandbox.commands.run('sleep 1000', { background: true, timeoutMs: 0 })
    await left.disconnect()
    expect((await sandbox.commands.list()).map(({ pid }) => pid)).toContain(left.pid)
    expect(await sandbox.commands.kill(left.pid)).toBe(true)
  })

  it('is told of a pause in its streams, and wakes the sandbox by the next call', async () => {
    const sandbox = keep(await Sandbox.create(sleeping))
    await sandbox.files.write('notes.txt', 'remember me')
    const command = await sandbox.commands.run('sleep 1000', { background: true, timeoutMs: 0 })
    const end = command.wait().catch((error: unknown) => error)
    await sandbox.pause()
    expect(String(await end)).toContain('The sandbox was paused')
    expect((await sandbox.getInfo()).state).toBe('paused')
    expect(await sandbox.files.read('notes.txt')).toBe('remember me')
    expect((await sandbox.getInfo()).state).toBe('running')
  })
})

describe('Python over https', () => {
  const settings = { E2B_API_URL: url, E2B_SANDBOX_URL: url }

  it.each(['sync', 'async'])('e2b goes through the lifecycle unmodified, %s', async (kind) => {
    expect(await runPython(program(`scenario_${kind}.py`), ['e2b'], settings)).toContain('scenario passed')
  })

  it('httpx speaks HTTP/2 with the API and with a server inside', async () => {
    expect(await runPython(program('http2.py'), [url], settings)).toContain('scenario passed')
  })
})
