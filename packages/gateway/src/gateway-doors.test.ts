import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { request as httpsRequest } from 'node:https'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect, createServer, type AddressInfo } from 'node:net'
import { exec } from '@drowse/common'
import { describe, expect, it } from 'vitest'
import { bodyOf, httpCall } from './fixtures/http-call.ts'
import { DOMAIN, startTestGateway } from './fixtures/test-gateway.ts'

async function isOpen(port: number, host: string): Promise<boolean> {
  const socket = connect(port, host)
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}

describe('gateway doors', () => {
  it('https serves sandboxes and the API, by their names', async () => {
    await using test = await startTestGateway()
    const { port } = await test.upstream((request, response) => response.end(request.headers['x-forwarded-proto']))
    const { id } = test.routes.add({ ports: { 3000: port } })
    const ca = await readFile(test.caPath)
    const ask = async (name: string): Promise<string> => {
      const host = `${name}:${test.httpsPort}`
      const request = httpsRequest({
        port: test.httpsPort,
        host: '127.0.0.1',
        ca,
        servername: name,
        agent: false,
        headers: { host },
      })
      request.end()
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      return bodyOf(response)
    }
    expect(await ask(`3000-${id}.${DOMAIN}`)).toBe('https')
    expect(await ask(`api.${DOMAIN}`)).toBe('{"api":"GET /"}')
    expect(await ask(DOMAIN)).toBe('{"api":"GET /"}')
  })

  it('https serves curl over HTTP/2, or over HTTP/1.1 when it asks for that', async () => {
    await using test = await startTestGateway()
    const { port } = await test.upstream((_, response) => response.end('hello'))
    const { id } = test.routes.add({ ports: { 3000: port } })
    const name = `3000-${id}.${DOMAIN}:${test.httpsPort}`
    const call = [
      '-sS',
      '--noproxy',
      '*',
      '--cacert',
      test.caPath,
      '--resolve',
      `${name}:127.0.0.1`,
      '-w',
      ' %{http_version}',
    ]
    expect((await exec('curl', [...call, '--http2', `https://${name}/`])).stdout).toBe('hello 2')
    expect((await exec('curl', [...call, '--http1.1', `https://${name}/`])).stdout).toBe('hello 1.1')
  })

  it('listen on every address with one port', async () => {
    await using test = await startTestGateway({ bindAddresses: ['127.0.0.1', '127.0.0.2'] })
    for (const port of [test.httpPort, test.httpsPort]) {
      expect(
        await Promise.all(['127.0.0.1', '127.0.0.2', '127.0.0.3'].map(async (host) => isOpen(port, host))),
      ).toEqual([true, true, false])
    }
  })

  it.each(['httpPort', 'httpsPort'] as const)('listen() says which %s is taken, and opens nothing', async (setting) => {
    await using taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const variable = setting === 'httpPort' ? 'DROWSE_HTTP_PORT' : 'DROWSE_HTTPS_PORT'
    await expect(startTestGateway({ [setting]: port })).rejects.toMatchObject({
      code: 'setup_failed',
      message: expect.stringMatching(
        new RegExp(`^Cannot listen on 127.0.0.1 port ${port}: the port is taken.*${variable}$`),
      ),
    })
  })

  it('listen() closes an address again when another fails', async () => {
    await using taken = createServer().listen(0, '127.0.0.2')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    await expect(startTestGateway({ bindAddresses: ['127.0.0.1', '127.0.0.2'], httpPort: port })).rejects.toThrow(
      '127.0.0.2',
    )
    expect(await isOpen(port, '127.0.0.1')).toBe(false)
  })

  it('listen() names an address that is not this host’s', async () => {
    await expect(startTestGateway({ bindAddresses: ['192.0.2.1'] })).rejects.toThrow('this host has no such address')
  })

  it('close() lets requests in flight end, then cuts what is left', async () => {
    await using test = await startTestGateway({ drainMs: 100 })
    let finish = (): void => {}
    const { port } = await test.upstream((request, response) => {
      response.write('begun')
      if (request.url === '/short') finish = () => response.end(' done')
    })
    const { id } = test.routes.add({ ports: { 3000: port } })
    const open = async (path: string): Promise<IncomingMessage> => {
      const request = httpRequest({ port: test.httpPort, path, headers: { host: `3000-${id}.x` } })
      request.end()
      return ((await once(request, 'response')) as [IncomingMessage])[0]
    }
    const [short, endless] = [await open('/short'), await open('/endless')]
    const closed = Promise.all([test.gateway.close(), test.gateway.close()])
    finish()
    expect(await bodyOf(short)).toBe('begun done')
    await expect(bodyOf(endless)).rejects.toThrow('aborted')
    await closed
    expect(await isOpen(test.httpPort, '127.0.0.1')).toBe(false)
    expect(test.routes.open).toBe(0)
  })

  it('close() does not wait for a sandbox that wakes', async () => {
    await using test = await startTestGateway({ drainMs: 50 })
    const { id } = test.routes.add({ kind: 'asleep' })
    const begun = new Promise<void>((resolve) => {
      test.routes.onWake = async () => {
        resolve()
        return new Promise(() => {})
      }
    })
    const answer = httpCall({ port: test.httpPort, headers: { host: `3000-${id}.x` } })
    const refused = expect(answer).rejects.toThrow('socket hang up')
    await begun
    await test.gateway.close()
    await refused
  })
})
