import { once } from 'node:events'
import ssh2, { type Client } from 'ssh2'
import { describe, expect, it } from 'vitest'
import { closed, TestDoor } from './fixtures/test-door.ts'
import { newKeyPair } from './keys/new-key-pair.ts'

/** Parts of the library's client by which a test breaks the rules. */
interface Outlaw {
  _protocol: {
    session(channel: number, window: number, packetSize: number): void
    channelData(channel: number, data: Buffer): void
    channelClose(channel: number): void
  }
}
const outlaw = (client: Client): Outlaw['_protocol'] => (client as unknown as Outlaw)._protocol

async function stillServes(door: TestDoor): Promise<void> {
  const client = await door.client()
  client.end()
  await closed(client)
}

describe('the SSH door', () => {
  it.each([
    ['bytes of no protocol', Buffer.alloc(100_000, 'GET / HTTP/1.1\r\n')],
    ['carriage returns without an end', Buffer.alloc(100_000, '\r')],
    ['a greeting and garbage', Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), Buffer.alloc(100_000, 0xff)])],
    ['a packet longer than any', Buffer.concat([Buffer.from('SSH-2.0-x\r\n'), Buffer.from('7fffffff00', 'hex')])],
  ])('closes on %s', async (_, bytes) => {
    await using door = await TestDoor.open()
    const socket = door.socket()
    socket.write(bytes)
    socket.resume()
    await closed(socket)
    await stillServes(door)
  })

  it.each(['', 'SSH-2.0-slow\r\n'])('closes on a client that says "%s" and no more', async (said) => {
    await using door = await TestDoor.open({ loginGraceMs: 100 })
    const socket = door.socket()
    socket.write(said)
    socket.resume()
    await closed(socket)
  })

  it('takes no more clients that have not logged in than it may, and others again when those go', async () => {
    await using door = await TestDoor.open({ maxAnonymous: 2 })
    const sockets = [door.socket(), door.socket()]
    // Once greeted they are counted.
    await Promise.all(sockets.map(async (socket) => await once(socket, 'data')))
    const third = door.socket()
    third.resume()
    await closed(third)
    for (const socket of sockets) socket.destroy()
    await expect
      .poll(
        async () =>
          await stillServes(door).then(
            () => true,
            () => false,
          ),
      )
      .toBe(true)
  })

  it('refuses passwords and unknown keys, and ends the connection after six', async () => {
    await using door = await TestDoor.open()
    const client = new ssh2.Client()
    const tried: string[] = []
    const errors: Error[] = []
    client.on('error', (error) => errors.push(error))
    client.connect({
      ...door.settings(),
      authHandler: (left, _partial, next) => {
        if (left !== null) expect(left).toEqual(['publickey'])
        tried.push('x')
        if (tried.length % 2 === 0) next({ type: 'password', username: door.id, password: 'x' })
        else next({ type: 'publickey', username: door.id, key: newKeyPair().privateKey })
      },
    })
    await closed(client)
    // The client may have begun a seventh by the time it hears of the end; of the six, every other was a key.
    expect(tried.length).toBeLessThanOrEqual(7)
    expect(door.asked).toHaveLength(3)
    expect(door.waiting).toBe(0)
  })

  it('opens as many sessions of one client as it may, and waits for none of a client that went', async () => {
    await using door = await TestDoor.open({ maxChannels: 3 })
    const client = await door.client()
    const exec = async (): Promise<boolean> =>
      await new Promise((resolve) => client.exec('x', (error) => resolve(error === undefined)))
    expect(await Promise.all([exec(), exec(), exec(), exec()])).toEqual([true, true, true, false])
    await expect.poll(() => door.waiting).toBe(3)
    client.destroy()
    await expect.poll(() => door.waiting).toBe(0)
  })

  it('tells one connection too many to a sandbox so, and opens nothing for it', async () => {
    await using door = await TestDoor.open({ maxPerSandbox: 1 })
    const first = await door.client()
    const second = await door.client()
    const said = await new Promise<string>((resolve) => {
      second.exec('x', (_error, channel) => channel.stderr.on('data', (data: Buffer) => resolve(data.toString())))
    })
    expect(said).toBe('drowse: Too many SSH connections to this sandbox: 1 are open\r\n')
    expect(door.waiting).toBe(0)
    for (const client of [first, second]) client.destroy()
  })

  it('ends a session whose client asks for packets of no bytes', async () => {
    await using door = await TestDoor.open()
    const client = await door.client()
    const protocol = outlaw(client)
    const session = protocol.session.bind(protocol)
    protocol.session = (channel, window) => session(channel, window, 0)
    const channel = await new Promise<ssh2.ClientChannel>((resolve) => client.exec('x', (_, stream) => resolve(stream)))
    channel.resume()
    await once(channel, 'close')
    client.destroy()
  })

  it('cuts a client that sends past its window', async () => {
    await using door = await TestDoor.open()
    const client = await door.client()
    await new Promise<void>((resolve) => client.exec('x', () => resolve()))
    const end = closed(client)
    for (let i = 0; i < 16 * 32; i++) outlaw(client).channelData(0, Buffer.alloc(32_000))
    await end
    await stillServes(door)
  })

  it('cuts a client that opens sessions without end and uses none', async () => {
    await using door = await TestDoor.open()
    const client = await door.client()
    const end = closed(client)
    for (let i = 0; i < 300; i++) {
      outlaw(client).session(i, 1_000_000, 32_768)
      outlaw(client).channelClose(i)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await end
  })

  it('connects to nothing but the sandbox itself', async () => {
    await using door = await TestDoor.open()
    const client = await door.client()
    for (const host of ['10.0.0.1', 'localhost.example', '0.0.0.0', '127.0.0.2', '']) {
      const error = await new Promise((resolve) => client.forwardOut('127.0.0.1', 1, host, 80, resolve))
      expect(error).toBeInstanceOf(Error)
    }
    expect(door.waiting).toBe(0)
    client.destroy()
  })
})
