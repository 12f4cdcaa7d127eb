import { once } from 'node:events'
import { readdir, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Sandbox } from 'e2b'
import { expect, test } from 'vitest'
import { startTestPlatform, type TestPlatform } from './test-platform.ts'

const REQUESTS = 50
const SOCKETS = 5

test('50 requests and 5 WebSocket upgrades at a paused sandbox cause one wake, and none is lost', async () => {
  await using platform = await startTestPlatform()
  const sandbox = await Sandbox.create({ ...platform.client, lifecycle: { onTimeout: 'pause', autoResume: true } })
  const { sandboxId } = sandbox
  await sandbox.pause()
  const headers = { 'e2b-sandbox-id': sandboxId, 'e2b-sandbox-port': '3000' }
  const increment = async (): Promise<number> => {
    const response = await fetch(`${platform.url}/counter`, { method: 'POST', headers })
    expect(response.status).toBe(200)
    return Number(await response.text())
  }
  const [counts, echoes] = await Promise.all([
    Promise.all(Array.from({ length: REQUESTS }, increment)),
    Promise.all(Array.from({ length: SOCKETS }, async (_, i) => await echo(platform, headers, `hello ${i}`))),
  ])
  expect(counts.toSorted((a, b) => a - b)).toEqual(Array.from({ length: REQUESTS }, (_, i) => i + 1))
  expect(echoes).toEqual(Array.from({ length: SOCKETS }, (_, i) => `hello ${i}`))
  expect(eventsOf(platform, sandboxId)).toEqual(['sandbox.created', 'sandbox.paused', 'sandbox.resumed'])
})

test('an open WebSocket is shown as a connection, and holds an idle sandbox', async () => {
  await using platform = await startTestPlatform()
  const sandbox = await Sandbox.create({ ...platform.client, timeoutMs: 300_000, metadata: { idle_timeout: '60' } })
  const lifetime = async (): Promise<number> => {
    const { startedAt, endAt } = await sandbox.getInfo()
    return Math.round((endAt.getTime() - startedAt.getTime()) / 10_000) * 10
  }
  expect(await lifetime()).toBe(60)
  const socket = await upgrade(platform, { 'e2b-sandbox-id': sandbox.sandboxId, 'e2b-sandbox-port': '3000' })
  expect(await lifetime()).toBe(300)
  socket.destroy()
  await expect.poll(lifetime).toBe(60)
})

test('timeline 14: files and memory of every cycle are there in the next', async () => {
  await using platform = await startTestPlatform()
  const sandbox = await Sandbox.create(platform.client)
  const { sandboxId } = sandbox
  const headers = { 'e2b-sandbox-id': sandboxId, 'e2b-sandbox-port': '3000' }
  const upper = join(platform.folder.sandboxes, sandboxId, 'upper')
  for (let cycle = 1; cycle <= 5; cycle++) {
    const response = await fetch(`${platform.url}/counter`, { method: 'POST', headers })
    expect(await response.text()).toBe(String(cycle))
    // As a program in the sandbox does: the fake guest has no programs, its files are the upper folder.
    await writeFile(join(upper, `file-${cycle}`), String(cycle))
    expect(await sandbox.pause()).toBe(true)
    await Sandbox.connect(sandboxId, platform.client)
    expect(await readdir(upper)).toEqual(Array.from({ length: cycle }, (_, i) => `file-${i + 1}`))
  }
})

/** Asks for another protocol; answers the bare connection. */
async function upgrade(platform: TestPlatform, headers: Record<string, string>): Promise<Socket> {
  const { hostname, port } = new URL(platform.url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(
    `GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${lines.join('')}\r\n`,
  )
  const [answer] = (await once(socket, 'data')) as [Buffer]
  expect(answer.toString()).toMatch(/^HTTP\/1.1 101 /)
  return socket
}

async function echo(platform: TestPlatform, headers: Record<string, string>, message: string): Promise<string> {
  const socket = await upgrade(platform, headers)
  socket.write(message)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return answer.toString()
}

function eventsOf(platform: TestPlatform, id: string): unknown[] {
  using database = new DatabaseSync(platform.folder.database, { readOnly: true })
  const rows = database.prepare('select name from events where sandbox_id = ? order by id').all(id)
  return rows.map((row) => row['name'])
}
