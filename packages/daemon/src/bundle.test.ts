import { spawn } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import { bundleDaemon } from './bundle.ts'

it('bundleDaemon() writes a program and its native file that serve on their own and stop when told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'drowse-bundle-'))
  const port = await freePort()
  try {
    await bundleDaemon(join(folder, 'daemon.mjs'))
    expect((await stat(join(folder, 'daemon.mjs'))).size).toBeLessThan(1_000_000)
    const args = ['daemon.mjs', '--host', '127.0.0.1', '--port', String(port), '--root', folder]
    const daemon = spawn(process.execPath, args, { cwd: folder, env: {}, stdio: ['ignore', 'inherit', 'inherit'] })
    const exited = new Promise((resolve) => daemon.once('exit', resolve))
    try {
      await vi.waitFor(async () => expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(204), {
        timeout: 10_000,
      })
      daemon.kill('SIGTERM')
      expect(await exited).toBe(0)
    } finally {
      daemon.kill('SIGKILL')
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}, 20_000)

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}
