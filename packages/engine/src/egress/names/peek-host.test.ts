import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { once } from 'node:events'
import fc from 'fast-check'
import { afterEach, expect, it } from 'vitest'
import { peekHost } from './peek-host.ts'

const servers: AsyncDisposable[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server[Symbol.asyncDispose]()
})

/** Sends `chunks` one after the other, then ends; gives the name and all that can still be read. */
async function peek(chunks: readonly string[]): Promise<{ name: string | undefined; rest: string }> {
  const server = createServer({ pauseOnConnect: true })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  servers.push({
    [Symbol.asyncDispose]: async () => await new Promise<void>((resolve) => server.close(() => resolve())),
  })
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [socket] = (await once(server, 'connection')) as [Socket]
  for (const chunk of chunks) client.write(chunk)
  client.end()
  const name = await peekHost(socket)
  let rest = ''
  for await (const chunk of socket as AsyncIterable<Buffer>) rest += chunk.toString()
  return { name, rest }
}

it('peekHost() reads the host of the first request and leaves every byte to be read', async () => {
  const request = 'POST / HTTP/1.1\r\nAccept: */*\r\nhost: api.example.com:80\r\n\r\nbody'
  expect(await peek([request])).toEqual({ name: 'api.example.com', rest: request })
  expect(await peek(request.split(''))).toEqual({ name: 'api.example.com', rest: request })
})

it.each([
  ['no host', 'GET / HTTP/1.1\r\nAccept: */*\r\n\r\n'],
  ['two hosts', 'GET / HTTP/1.1\r\nHost: a.com\r\nHost: b.com\r\n\r\n'],
  ['an early end', 'GET / HTTP/1.1\r\nHost: a.com\r\n'],
  ['a head that is too long', `GET / HTTP/1.1\r\nHost: a.com\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`],
])('peekHost() gives nothing for %s', async (_, request) => {
  expect((await peek([request])).name).toBeUndefined()
})

it('peekHost() ends for any bytes', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string(), { maxLength: 4 }), async (chunks) => {
      expect(await peek(chunks)).toBeDefined()
    }),
    { numRuns: 50 },
  )
})
