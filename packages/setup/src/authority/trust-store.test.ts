import { lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exec } from '@drowse/common'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { distrust, hasTrusted, isTrusted, SYSTEM_TRUST, trust, type TrustStore } from './trust-store.ts'

let folder = ''
let store: TrustStore
let before: string[] = []

/** The system's own program over folders of the test's. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drowse-trust-'))
  const place = (name: string): string => join(folder, name)
  for (const name of ['local', 'certs', 'shipped', 'hooks']) await mkdir(place(name))
  await writeFile(place('conf'), 'shipped.crt\n')
  await writeFile(place('shipped/shipped.crt'), await makeAuthority('shipped'))
  store = {
    ...SYSTEM_TRUST,
    localDirectory: place('local'),
    certsDirectory: place('certs'),
    args: Object.entries({
      certsconf: 'conf',
      certsdir: 'shipped',
      localcertsdir: 'local',
      etccertsdir: 'certs',
      hooksdir: 'hooks',
    }).flatMap(([option, name]) => [`--${option}`, place(name)]),
  }
  await exec('/usr/sbin/update-ca-certificates', store.args)
  before = await everything()
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

async function makeAuthority(name: string): Promise<string> {
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`]
  return (await exec('openssl', ['req', ...kind, '-keyout', join(folder, `${name}.key`)])).stdout.trim() + '\n'
}

/** Every file below the folders that the program works on, with what it is. */
async function everything(): Promise<string[]> {
  const found: string[] = []
  for (const name of ['local', 'certs']) {
    for (const file of await readdir(join(folder, name))) {
      const path = join(folder, name, file)
      found.push((await lstat(path)).isSymbolicLink() ? path : `${path}\n${await readFile(path, 'utf8')}`)
    }
  }
  return found.toSorted()
}

/** Whether programs that look authorities up by hash, and those that read the bundle, find one. */
async function isFound(caCert: string): Promise<[byHash: boolean, inBundle: boolean]> {
  const path = join(folder, 'looked-up.pem')
  await writeFile(path, caCert)
  const verify = async (...where: string[]): Promise<boolean> =>
    exec('openssl', ['verify', ...where, path]).then(
      () => true,
      () => false,
    )
  const none = ['-no-CAstore', '-no-CAfile']
  return [
    await verify('-CApath', store.certsDirectory, ...none),
    await verify('-CAfile', join(store.certsDirectory, 'ca-certificates.crt'), '-no-CAstore', '-no-CApath'),
  ]
}

describe('trust() and distrust()', () => {
  it('put an authority into force, and take it out without a trace', async () => {
    const ca = await makeAuthority('ours')
    expect([await isTrusted(store, 'abc123', ca), await isFound(ca)]).toEqual([false, [false, false]])
    expect(await trust(store, 'abc123', ca)).toBe('done')
    expect([await isTrusted(store, 'abc123', ca), await isFound(ca)]).toEqual([true, [true, true]])
    expect(await trust(store, 'abc123', ca)).toBe('kept')
    expect(await distrust(store, 'abc123')).toBe(true)
    expect([await isTrusted(store, 'abc123', ca), await isFound(ca)]).toEqual([false, [false, false]])
    expect(await distrust(store, 'abc123')).toBe(false)
    expect(await everything()).toEqual(before)
  })

  it('leave other installations, and one of two authorities when told so', async () => {
    const [old, next, other] = [await makeAuthority('a'), await makeAuthority('b'), await makeAuthority('c')]
    await trust(store, 'abc123', old)
    await trust(store, 'def456', other)
    await trust(store, 'abc123', next)
    expect([await isFound(old), await isFound(next)]).toEqual([
      [true, true],
      [true, true],
    ])
    expect(await distrust(store, 'abc123', next)).toBe(true)
    expect(await distrust(store, 'abc123', next)).toBe(false)
    expect([await isFound(old), await isFound(next), await isFound(other)]).toEqual([
      [false, false],
      [true, true],
      [true, true],
    ])
    expect([await hasTrusted(store, 'abc123'), await hasTrusted(store, '000000')]).toEqual([true, false])
    await distrust(store, 'abc123')
    await distrust(store, 'def456')
    expect(await everything()).toEqual(before)
  })

  it('go on after a cut: before the program ran, and while a file was written', async () => {
    const ca = await makeAuthority('ours')
    await trust(store, 'abc123', ca)
    const [name = ''] = (await readdir(store.localDirectory)).filter((file) => file.endsWith('.crt'))
    const path = join(store.localDirectory, name)
    // Removal: the file is gone, the links are not.
    await rm(path)
    expect(await distrust(store, 'abc123')).toBe(true)
    expect(await everything()).toEqual(before)
    // Installation: the file is there, and nothing else.
    await writeFile(path, ca)
    expect(await isTrusted(store, 'abc123', ca)).toBe(false)
    expect(await trust(store, 'abc123', ca)).toBe('done')
    expect(await isFound(ca)).toEqual([true, true])
    await writeFile(`${path}.1.abc.tmp`, 'half')
    expect(await distrust(store, 'abc123')).toBe(true)
    expect(await everything()).toEqual(before)
  })

  it('say what is missing, and what the program says', async () => {
    const ca = await makeAuthority('ours')
    const none = { ...store, program: 'drowse-no-such-program' }
    await expect(trust(none, 'abc123', ca)).rejects.toThrow(/there is no "drowse-no-such-program"/)
    expect(await everything()).toEqual(before)
    const failing = { ...store, args: ['--etccertsdir', join(folder, 'nowhere')] }
    await expect(trust(failing, 'abc123', ca)).rejects.toMatchObject({
      code: 'setup_failed',
      details: { detail: expect.stringContaining('nowhere') },
    })
  })
})
