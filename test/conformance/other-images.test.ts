import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Sandbox } from 'e2b'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { exec } from '@drowse/common'
import { drowse } from '../platform/support/drowse.ts'
import { killAfterEach } from '../platform/support/sandboxes.ts'
import { writeOciLayout } from './support/oci-layout.ts'
import { startProgram } from './support/start-program.ts'

describe('images other than Debian', () => {
  const installation = inject('installation')
  const keep = killAfterEach()
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp('/var/tmp/drowse-images-')
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('a musl one from an OCI layout answers files and processes, and sleeps', async () => {
    const bottom = join(folder, 'bottom')
    await exec('mmdebstrap', ['--variant=extract', '--include=musl,busybox-static', 'bookworm', bottom], {
      timeoutMs: 110_000,
    })
    await symlink('busybox', join(bottom, 'bin', 'sh'))
    await mkdir(join(bottom, 'opt', 'old'), { recursive: true })
    for (const name of ['gone', 'old/gone']) await writeFile(join(bottom, 'opt', name), '')
    const top = join(folder, 'top')
    await mkdir(join(top, 'opt', 'old'), { recursive: true })
    await writeFile(join(top, 'opt', '.wh.gone'), '')
    await writeFile(join(top, 'opt', 'old', '.wh..wh..opq'), '')
    await writeFile(join(top, 'opt', 'old', 'new'), 'new')
    await mkdir(join(top, 'etc'))
    await writeFile(join(top, 'etc', 'passwd'), 'root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/home/user:/bin/sh\n')
    const layout = join(folder, 'layout')
    await writeOciLayout(layout, [bottom, top])
    await drowse(installation, ['template', 'add', 'musl', '--oci', layout])

    const sandbox = keep(await Sandbox.create('musl'))
    await sandbox.files.write('note.txt', 'kept')
    expect((await sandbox.files.list('/opt')).map(({ name }) => name)).toEqual(['old'])
    expect((await sandbox.files.list('/opt/old')).map(({ name }) => name)).toEqual(['new'])
    expect((await startProgram(sandbox, '/lib/ld-musl-x86_64.so.1', [])).output).toContain('musl libc')
    expect(await startProgram(sandbox, 'sh', ['-c', 'cat ~/note.txt; exit 3'])).toEqual({ exitCode: 3, output: 'kept' })
    await sandbox.pause()
    await sandbox.connect()
    expect(await sandbox.files.read('note.txt')).toBe('kept')
  })

  it('one without a C library or a shell, from an archive, answers files and processes', async () => {
    const root = join(folder, 'bare')
    await mkdir(root)
    await writeFile(join(root, 'hello'), 'hello')
    const archive = join(folder, 'bare.tar')
    await exec('tar', ['--create', '--file', archive, '--directory', root, '.'])
    await drowse(installation, ['template', 'add', 'bare', '--rootfs', archive])

    const sandbox = keep(await Sandbox.create('bare'))
    expect(await sandbox.files.read('/hello')).toBe('hello')
    await sandbox.files.write('/made/here.txt', 'made')
    expect(await sandbox.files.read('/made/here.txt')).toBe('made')
    const args = ['--library-path', '/.drowse/lib', '/.drowse/node', '-p', '6 * 7']
    expect(await startProgram(sandbox, '/.drowse/lib/ld-linux-x86-64.so.2', args)).toEqual({
      exitCode: 0,
      output: '42\n',
    })
    await expect(startProgram(sandbox, '/bin/bash', ['-c', 'true'])).rejects.toThrow(/bash/)
  })

  it('an archive that leads out of its root writes nothing there', async () => {
    const root = join(folder, 'evil')
    const outside = join(folder, 'outside')
    await mkdir(root)
    await mkdir(outside)
    await symlink(outside, join(root, 'way'))
    const archive = join(folder, 'evil.tar')
    await exec('tar', ['--create', '--file', archive, '--directory', root, 'way'])
    const second = join(folder, 'second')
    await mkdir(join(second, 'way'), { recursive: true })
    await writeFile(join(second, 'way', 'written'), '')
    // The folder is left out, so that its file goes through the link.
    await exec('tar', ['--append', '--file', archive, '--directory', second, 'way/written'])
    await drowse(installation, ['template', 'add', 'evil', '--rootfs', archive]).catch(() => undefined)
    expect(existsSync(join(outside, 'written'))).toBe(false)
  })

  it.each([
    ['base', 'taken'],
    ['code-interpreter-v1', 'taken'],
    ['../x', 'malformed'],
  ])('the name %s is refused', async (name, why) => {
    const adding = drowse(installation, ['template', 'add', name, '--rootfs', '/dev/null'])
    await expect(adding).rejects.toThrow(why)
  })
})
