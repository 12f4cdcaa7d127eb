import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { callControl } from './control-socket.ts'

describe('callControl', () => {
  let directory: string
  let closeServer: () => Promise<void>
  let socketPath: string

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'drowse-control-'))
    socketPath = join(directory, 'control.sock')
    closeServer = async () => {}
  })

  afterEach(async () => {
    await closeServer()
    await rm(directory, { recursive: true })
  })

  async function serve(answer: (socket: Socket, request: string) => void): Promise<void> {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('data', (chunk) => answer(socket, chunk.toString()))
      socket.on('error', () => {})
    })
    server.listen(socketPath)
    await once(server, 'listening')
    closeServer = async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }

  const call = async (timeoutMs = 5_000): Promise<unknown> =>
    await callControl({ socketPath, method: 'a.B', arg: 'c1', timeoutMs })

  test('sends method and argument, and puts an answer in pieces together', async () => {
    const requests: string[] = []
    await serve((socket, request) => {
      requests.push(request)
      socket.write('{"success":true,"err":"","result":{"text":"a}')
      setImmediate(() => socket.write('b"}'))
      setImmediate(() => setImmediate(() => socket.write('}\n')))
    })
    expect(await call()).toEqual({ text: 'a}b' })
    expect(requests.map((request) => JSON.parse(request) as unknown)).toEqual([{ method: 'a.B', arg: 'c1' }])
  })

  test('fails with the reason of an unsuccessful answer', async () => {
    await serve((socket) => socket.write('{"success":false,"err":"no such thing","result":null}'))
    await expect(call()).rejects.toMatchObject({
      code: 'engine_failed',
      message: expect.stringContaining('no such thing'),
    })
  })

  test('fails when the connection closes in the middle of an answer', async () => {
    await serve((socket) => socket.end('{"success":tr'))
    await expect(call()).rejects.toMatchObject({ code: 'engine_failed', message: expect.stringContaining('closed') })
  })

  test('fails when nobody listens', async () => {
    await expect(call()).rejects.toMatchObject({ code: 'engine_failed', message: expect.stringContaining('ENOENT') })
  })

  test('fails when no answer comes in time', async () => {
    await serve(() => {})
    await expect(call(20)).rejects.toMatchObject({ message: expect.stringContaining('no answer after 20 ms') })
  })
})
