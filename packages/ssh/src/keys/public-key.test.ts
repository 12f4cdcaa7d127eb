import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exec } from '@drowse/common'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ensureHostKey } from './host-key.ts'
import { parsePublicKey } from './public-key.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drowse-keys-'))
})
afterEach(async () => await rm(folder, { recursive: true }))

describe('parsePublicKey()', () => {
  it.each([
    ['ed25519', '256'],
    ['ecdsa', '384'],
    ['rsa', '2048'],
  ])('reads what ssh-keygen writes for %s, with its fingerprint', async (type, bits) => {
    const file = join(folder, 'key')
    await exec('ssh-keygen', ['-q', '-t', type, '-b', bits, '-N', '', '-C', 'some body', '-f', file])
    const { stdout } = await exec('ssh-keygen', ['-l', '-f', `${file}.pub`])
    const key = parsePublicKey(await readFile(`${file}.pub`, 'utf8'))
    expect(stdout).toContain(key.fingerprint)
    expect(key.comment).toBe('some body')
    expect(parsePublicKey(key.publicKey)).toEqual({ ...key, comment: '' })
  })

  it('refuses a short RSA key, a private one, and what is none', async () => {
    const file = join(folder, 'key')
    await exec('ssh-keygen', ['-q', '-t', 'rsa', '-b', '1024', '-N', '', '-f', file])
    const ours = await readFile(`${file}.pub`, 'utf8')
    expect(() => parsePublicKey(ours)).toThrow(/RSA keys need 2048 bits/)
    const secret = await readFile(file, 'utf8')
    expect(() => parsePublicKey(secret)).toThrow(/this is a private key/)
    const [, base64 = ''] = ours.split(' ')
    for (const text of [
      '',
      'ssh-ed25519',
      `ssh-ed25519 ${base64}`,
      `ssh-rsa ${base64.slice(0, 40)}`,
      `command="x" ${ours}`,
      `${ours}${ours}`,
      'ssh-ed25519 AAAA',
    ]) {
      expect(() => parsePublicKey(text)).toThrow(/Cannot use the public key/)
    }
  })
})

describe('ensureHostKey()', () => {
  it('makes a key that nobody else may read, and gives the same from then on', async () => {
    const first = await ensureHostKey(folder)
    expect((await stat(join(folder, 'ssh-host-key'))).mode & 0o777).toBe(0o600)
    expect(await ensureHostKey(folder)).toEqual(first)
    const { stdout } = await exec('ssh-keygen', ['-l', '-f', join(folder, 'ssh-host-key')])
    expect(stdout).toContain(first.fingerprint)
  })

  it('names a file that holds no key', async () => {
    await writeFile(join(folder, 'ssh-host-key'), 'nothing')
    await expect(ensureHostKey(folder)).rejects.toMatchObject({ code: 'setup_failed', message: /ssh-host-key/ })
  })
})
