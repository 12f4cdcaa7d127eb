import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import type { EnvdInit } from '@drowse/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { initDaemon, waitForDaemon } from './daemon-client.ts'

const INIT: EnvdInit = {
  timestamp: '2026-01-01T00:00:00.000Z',
  accessToken: 'secret',
  envVars: {},
  hostname: 'one',
  nameservers: [],
  identity: 'kept',
}

describe('daemon client', () => {
  let server: Server | undefined

  afterEach(async () => {
    server?.closeAllConnections()
    await new Promise<void>((resolve) => (server === undefined ? resolve() : server.close(() => resolve())))
    server = undefined
  })

  it('initDaemon() sends the init with its token', async () => {
    const got: unknown[] = []
    const port = await listen((request, response) => {
      void text(request).then((body) => {
        got.push(request.url, request.headers['x-access-token'], JSON.parse(body))
        response.writeHead(204).end()
      })
    })
    await initDaemon({ host: '127.0.0.1', port }, 'one', INIT)
    expect(got).toEqual(['/init', 'secret', INIT])
  })

  it('initDaemon() fails at once when the daemon refuses', async () => {
    const port = await listen((_request, response) => response.writeHead(401).end())
    await expect(initDaemon({ host: '127.0.0.1', port }, 'one', INIT)).rejects.toMatchObject({ code: 'engine_failed' })
  })

  it('waitForDaemon() asks until the daemon is up and past cut connections', async () => {
    let calls = 0
    const port = await listen((request, response) => {
      if (++calls < 3) request.socket.destroy()
      else response.writeHead(204).end()
    })
    await waitForDaemon({ host: '127.0.0.1', port }, 'one')
    expect(calls).toBe(3)
  })

  it('waitForDaemon() ends with the reason of its signal', async () => {
    const controller = new AbortController()
    const port = await listen(() => controller.abort(new Error('killed')))
    await expect(waitForDaemon({ host: '127.0.0.1', port }, 'one', controller.signal)).rejects.toThrow('killed')
  })

  async function listen(handler: RequestListener): Promise<number> {
    const started = createServer(handler)
    server = started
    await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve))
    return (started.address() as AddressInfo).port
  }
})
