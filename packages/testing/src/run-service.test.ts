import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { configSchema, silentLogger } from '@drowse/common'
import { FakeEngine } from '@drowse/engine'
import { runService } from '@drowse/server'
import { Sandbox } from 'e2b'
import { expect, test } from 'vitest'
import { startTestPlatform, type TestPlatform } from './test-platform.ts'

const recordPath = (platform: TestPlatform): string => join(platform.folder.run, 'service.json')

test('runService() notes which process listens where, and takes the note away at its end', async () => {
  const platform = await startTestPlatform()
  const record: unknown = JSON.parse(await readFile(recordPath(platform), 'utf8'))
  expect(record).toEqual({
    pid: process.pid,
    startTime: expect.any(Number),
    httpPort: Number(new URL(platform.url).port),
    httpsPort: platform.httpsPort,
    startedAt: expect.any(String),
  })
  await platform[Symbol.asyncDispose]()
  expect(existsSync(recordPath(platform))).toBe(false)
})

test('runService() refuses a data folder that a living process serves', async () => {
  await using platform = await startTestPlatform()
  const stat = await readFile('/proc/1/stat', 'utf8')
  const startTime = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
  await platform.stop()
  await writeFile(recordPath(platform), JSON.stringify({ pid: 1, startTime }))
  await expect(platform.restart()).rejects.toMatchObject({ code: 'setup_failed', message: /serves .* already/ })
})

test('runService() stops when its signal aborts and leaves sandboxes as they are', async () => {
  await using platform = await startTestPlatform()
  const sandbox = await Sandbox.create(platform.client)
  await platform.stop()
  const controller = new AbortController()
  const config = configSchema.parse({
    dataDirectory: platform.folder.root,
    bindAddresses: ['127.0.0.1'],
    httpPort: 0,
    httpsPort: 0,
  })
  const engine = new FakeEngine(platform.host)
  const service = await runService(config, { logger: silentLogger, engine, signal: controller.signal })
  controller.abort()
  await service.closed
  await expect(fetch(`http://127.0.0.1:${service.httpPort}/health`)).rejects.toThrow()
  expect(platform.host.status(sandbox.sandboxId)).toBe('running')
})

test('runService() on a taken port fails, leaves nothing open, and the folder can be served after', async () => {
  await using platform = await startTestPlatform()
  const taken = Number(new URL(platform.url).port)
  await using other = await startTestPlatform()
  await other.stop()
  const config = configSchema.parse({
    dataDirectory: other.folder.root,
    bindAddresses: ['127.0.0.1'],
    httpPort: taken,
    httpsPort: 0,
  })
  const starting = runService(config, { logger: silentLogger, engine: new FakeEngine(other.host) })
  await expect(starting).rejects.toMatchObject({ code: 'setup_failed' })
  expect(existsSync(recordPath(other))).toBe(false)
  await other.restart()
  expect((await fetch(`${other.url}/health`)).status).toBe(200)
})

test('runService() answers a client that hangs up in the middle of a request with nothing worse', async () => {
  await using platform = await startTestPlatform()
  const { port, hostname } = new URL(platform.url)
  const socket = connect(Number(port), hostname)
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()))
  socket.write(
    `POST /sandboxes HTTP/1.1\r\nHost: x\r\nX-API-KEY: ${platform.apiKey}\r\nContent-Length: 100\r\n\r\n{"templ`,
  )
  socket.destroy()
  expect((await fetch(`${platform.url}/health`)).status).toBe(200)
})
