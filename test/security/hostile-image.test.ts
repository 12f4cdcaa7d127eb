import { mkdir, mkdtemp, readdir, rm, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Sandbox } from 'e2b'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { exec } from '@drowse/common'
import { drowse } from '../platform/support/drowse.ts'
import { killAfterEach } from '../platform/support/sandboxes.ts'

/** Paths of a root that a start mounts on. Those that every program needs stay, so that the start gets there. */
const MOUNTED = ['tmp', 'sys']
/** Paths of a root that the daemon writes at a start, and for its clients. */
const WRITTEN = ['etc/resolv.conf', 'etc/hosts', 'etc/hostname', 'etc/machine-id', 'home/user']

describe('a root whose links lead to places on the host', () => {
  const keep = killAfterEach()
  const installation = inject('installation')
  let folder: string
  let outside: string
  beforeEach(async () => {
    folder = await mkdtemp('/var/tmp/drowse-hostile-')
    outside = join(folder, 'outside')
    for (const path of [...MOUNTED, ...WRITTEN]) await mkdir(dirname(join(outside, path)), { recursive: true })
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('from an image: what is written through them stays inside', async () => {
    const root = join(folder, 'root')
    for (const path of WRITTEN) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await symlink(join(outside, path), join(root, path))
    }
    // So that the links lead somewhere in the sandbox, too.
    await mkdir(join(root, outside, 'home', 'user'), { recursive: true })
    await mkdir(join(root, outside, 'etc'))
    const archive = join(folder, 'links.tar')
    await exec('tar', ['--create', '--file', archive, '--directory', root, '.'])
    await drowse(installation, ['template', 'add', 'links', '--rootfs', archive])

    const sandbox = keep(await Sandbox.create('links'))
    await sandbox.files.write('/home/user/written.txt', 'inside')
    expect(await sandbox.files.read(join(outside, 'home', 'user', 'written.txt'))).toBe('inside')
    expect(await sandbox.files.read(join(outside, 'etc', 'hostname'))).toContain(sandbox.sandboxId)
    expect(await readdir(outside, { recursive: true })).toEqual(['etc', 'home'])
  })

  it('by a program inside: its next start mounts nothing there', async () => {
    const sandbox = keep(await Sandbox.create({ timeoutMs: 120_000 }))
    const script = [...MOUNTED, ...WRITTEN].map(
      (path) => `umount -l /${path}; rm -rf /${path}; ln -s ${join(outside, path)} /${path}`,
    )
    await sandbox.commands.run(`{ ${script.join('; ')}; } 2>/dev/null`, { user: 'root', cwd: '/' })
    expect((await sandbox.commands.run('readlink /tmp', { cwd: '/' })).stdout).toBe(`${join(outside, 'tmp')}\n`)
    await sandbox.pause({ keepMemory: false })
    // It has harmed itself alone.
    await expect(sandbox.connect()).rejects.toThrow('the engine failed; its saved state is kept')
    expect(await readdir(outside, { recursive: true })).toEqual(['etc', 'home'])
    expect((await keep(await Sandbox.create()).commands.run('echo well')).stdout).toBe('well\n')
  })
})
