import { lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { open, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { Sandbox } from 'e2b'
import { describe, expect, inject, it } from 'vitest'
import { detailOf, dropToDisk, logOf } from './support/inspect.ts'
import { killAfterEach, startCounter, until } from './support/sandboxes.ts'

describe('the saved memory of a sandbox', () => {
  const keep = killAfterEach()
  const installation = inject('installation')
  const folderOf = (sandbox: Sandbox): string => join(installation.data, 'sandboxes', sandbox.sandboxId, 'image')

  /** A paused sandbox on disk, whose image the service has hashed. */
  async function asleep(): Promise<Sandbox> {
    const sandbox = keep(await Sandbox.create({ lifecycle: { onTimeout: 'pause', autoResume: true } }))
    await sandbox.files.write('kept.txt', 'kept')
    await startCounter(sandbox)
    await sandbox.pause()
    await until(() =>
      Promise.resolve(/"(sha256|hash)"/.test(readFileSync(join(folderOf(sandbox), 'image.json'), 'utf8'))),
    )
    await dropToDisk(installation, sandbox.sandboxId)
    return sandbox
  }

  function largestFile(folder: string): { path: string; bytes: number } {
    const files = readdirSync(folder).map((name) => ({
      path: join(folder, name),
      bytes: lstatSync(join(folder, name)).size,
    }))
    return files.toSorted((a, b) => b.bytes - a.bytes)[0]!
  }

  it.each([
    [
      'a changed byte',
      async (folder: string) => {
        const { path, bytes } = largestFile(folder)
        await using file = await open(path, 'r+')
        const at = Math.floor(bytes / 2)
        const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at)
        await file.write(Buffer.from([(buffer[0] ?? 0) ^ 0xff]), 0, 1, at)
      },
    ],
    [
      'its last bytes missing',
      async (folder: string) => {
        const { path, bytes } = largestFile(folder)
        await truncate(path, bytes - 4096)
      },
    ],
    [
      'another engine build in its manifest',
      async (folder: string) => {
        const path = join(folder, 'image.json')
        const manifest = JSON.parse(readFileSync(path, 'utf8')) as { engine: { build: string } }
        manifest.engine.build = 'f'.repeat(64)
        writeFileSync(path, JSON.stringify(manifest))
        return Promise.resolve()
      },
    ],
    [
      'another CPU in its manifest',
      async (folder: string) => {
        const path = join(folder, 'image.json')
        const manifest = JSON.parse(readFileSync(path, 'utf8')) as { engine: { cpu: string } }
        manifest.engine.cpu = 'f'.repeat(16)
        writeFileSync(path, JSON.stringify(manifest))
        return Promise.resolve()
      },
    ],
  ])('with %s is refused with a reason, and the sandbox boots from its files', async (_, damage) => {
    const sandbox = await asleep()
    await damage(folderOf(sandbox))

    expect(await sandbox.files.read('kept.txt')).toBe('kept')
    const detail = await detailOf(sandbox.sandboxId)
    expect(detail).toMatchObject({ state: 'running', drowse: { coldReason: expect.stringMatching(/memory|image/) } })
    const wake = logOf(installation, sandbox.sandboxId).find((entry) => entry.operation === 'resume')
    expect(wake).toMatchObject({ isCold: true, coldReason: detail.drowse.coldReason })
  })

  it('is readable by root only', async () => {
    const sandbox = keep(await Sandbox.create())
    await sandbox.pause()
    const folder = folderOf(sandbox)
    const files = readdirSync(folder).map((name) => lstatSync(join(folder, name)))
    expect(files.length).toBeGreaterThan(1)
    for (const { mode, uid } of files) expect([mode & 0o777, uid]).toEqual([0o600, 0])
    for (const path of [folder, join(folder, '..'), join(folder, '..', '..')]) {
      const { mode, uid } = lstatSync(path)
      expect([mode & 0o077, uid]).toEqual([0, 0])
    }
  })
})
