import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, it, vi } from 'vitest'

/** Files that the gateway's process may have open; its own take some thirty. */
const FILES = 300
const CLIENTS = 500

it('a process with few files refuses clients and goes on; it never runs out', async () => {
  await using upstream = createServer((_, response) => response.flushHeaders()).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  const program = join(import.meta.dirname, 'fixtures', 'few-files.ts')
  const upstreamPort = String((upstream.address() as AddressInfo).port)
  const gateway = spawn(
    'prlimit',
    [`--nofile=${FILES}:${FILES}`, process.execPath, '--conditions=source', program, upstreamPort],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  )
  const exited = once(gateway, 'exit')
  const sockets: Socket[] = []
  try {
    const [line] = (await once(createInterface(gateway.stdout), 'line')) as [string]
    const { port, maxOpen, id } = JSON.parse(line) as { port: number; maxOpen: number; id: string }
    expect(maxOpen).toBe(112)
    const replies: string[] = []
    for (let i = 0; i < CLIENTS; i++) {
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      sockets.push(socket)
      replies.push('')
      socket.on('data', (chunk: Buffer) => (replies[i] += chunk.toString()))
      socket.write(`GET / HTTP/1.1\r\nHost: 3000-${id}.x\r\n\r\n`)
    }
    const isSettled = (i: number): boolean => replies[i] !== '' || sockets[i]?.closed === true
    await vi.waitFor(() => expect(replies.every((_, i) => isSettled(i))).toBe(true), { timeout: 30_000 })
    const statuses = replies.map((reply) => /^HTTP\/1\.1 (\d+)/.exec(reply)?.[1] ?? 'closed')
    expect(statuses.filter((status) => status === '200')).toHaveLength(maxOpen)
    expect(new Set(statuses)).toEqual(new Set(['200', '503', 'closed']))
    for (const socket of sockets) socket.destroy()
    await vi.waitFor(async () => {
      const again = connect(port, '127.0.0.1').on('error', () => {})
      again.write(`GET /x HTTP/1.1\r\nHost: drowse.localhost\r\nConnection: close\r\n\r\n`)
      let reply = ''
      again.on('data', (chunk: Buffer) => (reply += chunk.toString()))
      await once(again, 'close')
      expect(reply).toMatch(/^HTTP\/1\.1 200 /)
    })
  } finally {
    for (const socket of sockets) socket.destroy()
    gateway.stdin.end()
    await exited
  }
}, 60_000)
