import { createHash, randomBytes } from 'node:crypto'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { text } from 'node:stream/consumers'
import { Sandbox } from 'e2b'
import { describe, expect, inject, it } from 'vitest'
import { drowse } from './support/drowse.ts'
import { api, detailOf } from './support/inspect.ts'
import { killAfterEach, until } from './support/sandboxes.ts'
import { SshPerson } from './support/ssh.ts'
import { makeTeam } from './support/team.ts'

const DROWSE = join(import.meta.dirname, '..', '..', 'drowse')

/** Echoes; after "first" it says a word and its end first, and then tells what came after that. */
const SERVER = `
const { writeFileSync } = require('node:fs')
require('node:net').createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => {})
  socket.once('data', (data) => {
    if (String(data) !== 'first') return void (socket.write(data), socket.pipe(socket))
    socket.end('bye')
    let rest = ''
    socket.on('data', (more) => (rest += more))
    socket.on('end', () => writeFileSync('/home/user/rest', rest))
  })
}).listen(5432, '127.0.0.1', () => writeFileSync('/home/user/listening', ''))
`

describe('drowse port-forward', () => {
  const keep = killAfterEach()

  it('carries 200 MB to a port of the loopback and back unchanged', { timeout: 300_000 }, async () => {
    const sandbox = keep(await echoing())
    await using forward = await Forward.start(sandbox.sandboxId)
    const block = randomBytes(1_000_000)
    const [sent, received] = [createHash('sha256'), createHash('sha256')]
    const socket = connect({ host: '127.0.0.1', port: forward.port, allowHalfOpen: true })
    const source = Readable.from(
      (function* () {
        for (let i = 0; i < 200; i++) {
          block.writeUInt32BE(i)
          sent.update(block)
          yield Buffer.from(block)
        }
      })(),
    )
    let bytes = 0
    const back = (async () => {
      for await (const chunk of socket as AsyncIterable<Buffer>) {
        bytes += chunk.length
        received.update(chunk)
      }
    })()
    await pipeline(source, socket)
    await back
    expect(bytes).toBe(200_000_000)
    expect(received.digest('hex')).toBe(sent.digest('hex'))
  })

  it('wakes a paused sandbox with the first connection, and counts as one', async () => {
    const sandbox = keep(await echoing())
    await sandbox.pause()
    await using forward = await Forward.start(sandbox.sandboxId)
    expect((await detailOf(sandbox.sandboxId)).state).toBe('paused')
    const socket = connect(forward.port, '127.0.0.1')
    socket.write('hello')
    expect(String((await once(socket, 'data'))[0])).toBe('hello')
    expect(await detailOf(sandbox.sandboxId)).toMatchObject({ state: 'running', drowse: { openConnections: 1 } })
    // A pause cuts it and says so; the next one wakes the sandbox again.
    const cut = new Promise((resolve) => socket.once('close', resolve))
    socket.on('error', () => {})
    await sandbox.pause()
    await cut
    expect(await exchange(forward.port, 'again')).toBe('again')
    await until(async () => (await detailOf(sandbox.sandboxId)).drowse.openConnections === 0)
    expect(forward.stderr).toContain('The sandbox was paused')
  })

  it('passes an end of the server on before the end of the client', async () => {
    const sandbox = keep(await echoing())
    await using forward = await Forward.start(sandbox.sandboxId)
    const socket = connect({ host: '127.0.0.1', port: forward.port, allowHalfOpen: true })
    socket.write('first')
    expect(await text(socket)).toBe('bye')
    socket.end('still talking')
    await until(
      async () =>
        (await sandbox.files.exists('/home/user/rest')) && (await sandbox.files.read('/home/user/rest')) !== '',
    )
    expect(await sandbox.files.read('/home/user/rest')).toBe('still talking')
  })

  it('says that nothing listens, and goes on', async () => {
    const sandbox = keep(await echoing())
    await using forward = await Forward.start(sandbox.sandboxId, ['0:5433', '0:5432'])
    expect(await exchange(forward.ports[0] ?? 0, 'x')).toBe('')
    await until(async () => /Cannot reach port 5433: nothing listens/.test(forward.stderr))
    expect(await exchange(forward.ports[1] ?? 0, 'x')).toBe('x')
  })

  it('ends at an interrupt with status 0 and cuts what is open', async () => {
    const sandbox = keep(await echoing())
    await using forward = await Forward.start(sandbox.sandboxId)
    const socket = connect(forward.port, '127.0.0.1')
    socket.on('error', () => {})
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write('x')
    await once(socket, 'data')
    expect(await forward.interrupt()).toBe(0)
    await closed
    await until(async () => (await detailOf(sandbox.sandboxId)).drowse.openConnections === 0)
  })

  it("is refused with a wrong key and with another team's, and wakes nothing", async () => {
    const sandbox = keep(await Sandbox.create({ lifecycle: { onTimeout: 'pause', autoResume: true } }))
    await sandbox.pause()
    const id = sandbox.sandboxId
    const run = (key: string) =>
      drowse(inject('installation'), ['port-forward', id, '0:5432'], { env: { E2B_API_KEY: key }, timeoutMs: 20_000 })
    await expect(run('e2b_0000000000000000')).rejects.toThrow(/The API key is not valid/)
    using team = makeTeam()
    await expect(run(team.key)).rejects.toThrow(/doesn't exist or you don't have access/)
    expect(await upgradeStatus(id, '5432', { 'X-API-KEY': team.key })).toBe(404)
    expect(await upgradeStatus(id, '5432', {})).toBe(401)
    expect(await upgradeStatus(id, '99999', { 'X-API-KEY': process.env.E2B_API_KEY ?? '' })).toBe(400)
    expect((await api(`/sandboxes/${id}/tcp/5432`)).status).toBe(400)
    expect((await detailOf(id)).state).toBe('paused')
  })

  it('works on this machine without variables, as root', async () => {
    const sandbox = keep(await echoing())
    const { data } = inject('installation')
    await using forward = await Forward.start(sandbox.sandboxId, ['0:5432'], ['--data', data])
    expect(await exchange(forward.port, 'x')).toBe('x')
  })
})

describe('drowse ssh-key', () => {
  it('adds, lists and removes a key, refuses a private one, and shows the host', async () => {
    const installation = inject('installation')
    const run = async (...args: string[]) =>
      (await drowse(installation, ['ssh-key', ...args], { timeoutMs: 20_000 })).stdout
    await using person = await SshPerson.make()
    const added = await run('add', join(person.folder, 'key.pub'), '--name', 'mine')
    const [, fingerprint = ''] = /(SHA256:\S+) {2}mine/.exec(added) ?? []
    expect(fingerprint).not.toBe('')
    expect(await run('list')).toContain(fingerprint)
    await expect(run('add', join(person.folder, 'key.pub'))).rejects.toThrow(/has the key .* already/)
    await expect(run('add', join(person.folder, 'key'))).rejects.toThrow(/this is a private key/)
    expect(await run('remove', fingerprint)).toContain('mine')
    expect(await run('list')).not.toContain(fingerprint)
    expect(await run('host')).toContain(`[127.0.0.1]:${person.port} ssh-ed25519 `)
  })
})

/** A sandbox with the server in it. */
async function echoing(): Promise<Sandbox> {
  const sandbox = await Sandbox.create()
  await sandbox.files.write('server.js', SERVER)
  const server = await sandbox.commands.run('node server.js', { background: true, timeoutMs: 0 })
  // Its stream would count as a connection.
  await server.disconnect()
  await until(async () => await sandbox.files.exists('listening'))
  return sandbox
}

/** Sends a text and the end, and gives what comes back. */
async function exchange(port: number, sent: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.on('data', (data: Buffer) => (received += data.toString()))
  socket.on('error', () => {}) // told by what is missing
  socket.end(sent)
  await new Promise((resolve) => socket.once('close', resolve))
  return received
}

async function upgradeStatus(id: string, port: string, headers: Record<string, string>): Promise<number | undefined> {
  const call = request(`${process.env.E2B_API_URL}/sandboxes/${id}/tcp/${port}`, {
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
      'Sec-WebSocket-Version': '13',
      ...headers,
    },
  })
  call.end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  response.resume()
  return response.statusCode
}

/** A `drowse port-forward` that runs. */
class Forward implements AsyncDisposable {
  readonly ports: number[] = []
  stderr = ''
  readonly #child
  readonly #ended: Promise<number | null>

  private constructor(args: readonly string[]) {
    this.#child = spawn(DROWSE, args, { env: { ...process.env, ...inject('installation').env } })
    this.#child.stderr.on('data', (data: Buffer) => (this.stderr += data.toString()))
    this.#ended = once(this.#child, 'close').then(([code]) => code as number | null)
  }

  /** Starts one and waits until it listens. */
  static async start(id: string, ports = ['0:5432'], options: readonly string[] = []): Promise<Forward> {
    const forward = new Forward([...options, 'port-forward', id, ...ports])
    let said = ''
    forward.#child.stdout.on('data', (data: Buffer) => (said += data.toString()))
    await until(async () => {
      if (forward.#child.exitCode !== null) throw new Error(`it ended: ${forward.stderr}`)
      return said.includes('Ctrl+C')
    })
    forward.ports.push(...[...said.matchAll(/^127\.0\.0\.1:(\d+) leads/gm)].map((match) => Number(match[1])))
    return forward
  }

  get port(): number {
    return this.ports[0] ?? 0
  }

  /** Presses Ctrl+C; answers the status. */
  async interrupt(): Promise<number | null> {
    this.#child.kill('SIGINT')
    return await this.#ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.interrupt()
  }
}
