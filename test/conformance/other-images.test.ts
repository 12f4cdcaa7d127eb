import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Sandbox, Template } from 'e2b'
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
    [
      'whose daemon ends at once',
      preloadedLibrary,
      /ended right after the boot, with exit status \d+; its last words were: .*other\.so: version/,
    ],
    [
      'in which no place can be made for it',
      (root: string) => writeFile(join(root, '.drowse'), ''),
      /cannot be booted/,
    ],
  ] as const)(
    'one %s is told with the reason, and the earlier template of the name stays',
    async (_, spoil, reason) => {
      const good = join(folder, 'before')
      await mkdir(good, { recursive: true })
      await writeFile(join(good, 'hello'), 'hello')
      await addRoot(good)
      const root = join(folder, 'spoiled')
      await rm(root, { recursive: true, force: true })
      await mkdir(root)
      await spoil(root)

      await expect(addRoot(root)).rejects.toThrow(reason)
      const shown = await drowse(installation, ['template', 'show', 'mended'])
      expect(shown.stdout).toMatch(/^mended +failed/)
      expect(shown.stdout).toMatch(reason)
      const buildId = /build +(\S+)/.exec(shown.stdout)?.[1] ?? ''
      expect(await Template.getBuildStatus({ templateId: 'mended', buildId })).toMatchObject({
        status: 'error',
        reason: { message: expect.stringMatching(reason), step: 'Warm image' },
      })
      const sandbox = keep(await Sandbox.create('mended'))
      expect(await sandbox.files.read('/hello')).toBe('hello')
    },
  )

  it('a create of a template that never booted is refused with the reason, and not to be tried again', async () => {
    const root = join(folder, 'never')
    await mkdir(root)
    await preloadedLibrary(root)
    await expect(addRoot(root, 'never')).rejects.toThrow(/other\.so: version/)
    await expect(Sandbox.create('never')).rejects.toMatchObject({
      statusCode: 503,
      message: expect.stringMatching(/template "never": its build failed: .*other\.so: version/),
    })
  })

  async function addRoot(root: string, name = 'mended'): Promise<unknown> {
    const archive = `${root}.tar`
    await exec('tar', ['--create', '--file', archive, '--directory', root, '.'])
    return await drowse(installation, ['template', 'add', name, '--rootfs', archive])
  }

  /** Has the loader load a library into every program that needs a C library of another world. */
  async function preloadedLibrary(root: string): Promise<void> {
    const [guest = ''] = (await readdir(join(installation.data, 'guest'))).filter((name) => !name.endsWith('.json'))
    const library = await readFile(join(installation.data, 'guest', guest, 'lib', 'libm.so.6'), 'latin1')
    await writeFile(join(root, 'other.so'), library.replaceAll('GLIBC_2.2.5', 'GLIBC_9.9.9'), 'latin1')
    await mkdir(join(root, 'etc'))
    await writeFile(join(root, 'etc', 'ld.so.preload'), '/other.so\n')
  }

  it.each([
    ['base', 'taken'],
    ['code-interpreter-v1', 'taken'],
    ['../x', 'malformed'],
  ])('the name %s is refused', async (name, why) => {
    const adding = drowse(installation, ['template', 'add', name, '--rootfs', '/dev/null'])
    await expect(adding).rejects.toThrow(why)
  })
})
