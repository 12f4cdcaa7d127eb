import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import ssh2, { type ServerChannel, type Session } from 'ssh2'
import { expect, it } from 'vitest'
import { newKeyPair } from '../keys/new-key-pair.ts'
import { ChannelWriter } from './channel-writer.ts'

const { privateKey: hostKey } = newKeyPair()

/** A channel between a server and a client in this process: what the server has of it, and the client's end. */
async function channelPair() {
  const opened = Promise.withResolvers<{ channel: ServerChannel; socket: Socket }>()
  const listener = createServer((socket) => {
    const server = new ssh2.Server({ hostKeys: [hostKey] }, (connection) => {
      connection.on('error', () => {})
      connection.on('authentication', (attempt) => attempt.accept())
      connection.on('session', (accept: () => Session) => {
        accept().on('exec', (take: () => ServerChannel) => opened.resolve({ channel: take(), socket }))
      })
    })
    server.injectSocket(socket)
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const client = new ssh2.Client()
  client.connect({ host: '127.0.0.1', port: (listener.address() as AddressInfo).port, username: 'x', password: 'x' })
  await once(client, 'ready')
  const far = await new Promise<ssh2.ClientChannel>((resolve, reject) => {
    client.exec('x', (error, stream) => (error === undefined ? resolve(stream) : reject(error)))
  })
  return {
    ...(await opened.promise),
    far,
    [Symbol.dispose]() {
      client.end()
      listener.close()
    },
  }
}

const never = new AbortController().signal

it(
  'write() and writeError() pass every byte once and in order when both have to wait for the window',
  { timeout: 60_000 },
  async () => {
    using pair = await channelPair()
    const writer = new ChannelWriter(pair.channel, pair.socket)
    const seen = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
    for (const [name, stream] of [
      ['stdout', pair.far],
      ['stderr', pair.far.stderr],
    ] as const) {
      stream.on('data', (data: Buffer) => {
        seen[name].push(data)
        stream.pause()
        setImmediate(() => stream.resume())
      })
    }
    const ended = [once(pair.far, 'end'), once(pair.far.stderr, 'end')]
    const sent = { stdout: [] as Buffer[], stderr: [] as Buffer[] }
    for (let i = 0; i < 30; i++) {
      for (const name of ['stdout', 'stderr'] as const) {
        const data = Buffer.alloc(300_000 + i, `${name}${i};`)
        sent[name].push(data)
        await (name === 'stdout' ? writer.write(data, never) : writer.writeError(data, never))
      }
    }
    pair.channel.exit(0)
    pair.channel.end()
    await Promise.all(ended)
    for (const name of ['stdout', 'stderr'] as const) {
      expect(seen[name].reduce((bytes, data) => bytes + data.length, 0)).toBe(30 * 300_000 + 435)
      expect(Buffer.concat(seen[name]).equals(Buffer.concat(sent[name]))).toBe(true)
    }
  },
)

it('write() waits while the client does not read, and gives up with the signal', async () => {
  using pair = await channelPair()
  const writer = new ChannelWriter(pair.channel, pair.socket)
  const gone = new AbortController()
  let written = 0
  const all = (async () => {
    for (;;) {
      await writer.write(Buffer.alloc(100_000), gone.signal)
      written++
    }
  })()
  // A window is 2 MiB, so this comes to a stand.
  await expect.poll(() => pair.channel.writableLength, { timeout: 10_000 }).toBeGreaterThan(0)
  const atStand = written
  gone.abort(new Error('gone'))
  await expect(all).rejects.toThrow('gone')
  expect(written).toBe(atStand)
  expect(atStand).toBeLessThan(60)
})
