import { Sandbox } from 'e2b'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { requestThroughGateway, upgradeThroughGateway } from '../platform/support/traffic.ts'

let sandbox: Sandbox

beforeAll(async () => {
  sandbox = await Sandbox.create({ lifecycle: { onTimeout: 'pause', autoResume: true } })
})
afterAll(() => sandbox.kill())

const BACKGROUND = { background: true, timeoutMs: 0 } as const

/** A server on 127.0.0.1 only that upgrades, and streams one line at a time. */
const SERVER = `
const { createServer } = require('node:http')
const server = createServer((request, response) => {
  if (request.url !== '/stream') return void request.pipe(response)
  response.write('first\\n')
  request.socket.once('close', () => process.exit())
})
server.on('upgrade', (request, socket) => {
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n\\r\\n')
  socket.write(Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('hello')]))
})
server.listen(3001, process.argv[2])
`

it('a server on 127.0.0.1 only answers through getHost, also after a pause', async () => {
  await sandbox.files.write('site/index.html', 'inside only')
  await sandbox.commands.run('cd site && exec python3 -m http.server --bind 127.0.0.1 3000', BACKGROUND)
  const text = async (): Promise<string> => (await requestThroughGateway(sandbox, 3000)).text()
  await expect.poll(text, { timeout: 20_000 }).toBe('inside only')
  await sandbox.pause()
  expect(await text()).toBe('inside only')
})

it.each(['127.0.0.1', '::1'])('streams and WebSockets reach a server on %s only', async (address) => {
  await sandbox.files.write('server.js', SERVER)
  await sandbox.commands.run(`exec node server.js ${address}`, BACKGROUND)
  await expect.poll(async () => (await requestThroughGateway(sandbox, 3001)).status, { timeout: 20_000 }).toBe(200)
  expect(await upgradeThroughGateway(sandbox, 3001)).toBe('hello')
  const stream = await requestThroughGateway(sandbox, 3001, '/stream')
  const reader = stream.body!.getReader()
  const { value = new Uint8Array() } = await reader.read()
  expect(Buffer.from(value).toString()).toBe('first\n')
  // The server ends when its client goes.
  await reader.cancel()
  await expect.poll(async () => (await requestThroughGateway(sandbox, 3001)).status, { timeout: 20_000 }).toBe(502)
})

it('a port where nothing listens is still closed', async () => {
  const answer = await requestThroughGateway(sandbox, 3999)
  expect(answer.status).toBe(502)
  expect(await answer.text()).toContain('The sandbox is running but port is not open')
})
