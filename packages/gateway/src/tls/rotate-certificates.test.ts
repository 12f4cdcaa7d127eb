import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exec, FakeClock } from '@drowse/common'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CertificateOptions, Certificates } from './certificate-files.ts'
import { describeAuthority } from './describe-authority.ts'
import { ensureCertificates } from './ensure-certificates.ts'
import { rotateCertificates, type RotationHooks } from './rotate-certificates.ts'

let folder = ''
let options: CertificateOptions

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drowse-rotate-'))
  options = {
    tlsDirectory: join(folder, 'tls'),
    secretsDirectory: join(folder, 'secrets'),
    domain: 'drowse.localhost',
    clock: new FakeClock(Date.now()),
    systemBundle: join(folder, 'none'),
  }
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

/** Whether a client with one of the published files accepts a leaf, by openssl. */
async function accepts(file: string, leafCert: string): Promise<boolean> {
  const leaf = join(folder, 'presented.pem')
  await writeFile(leaf, leafCert)
  try {
    await exec('openssl', ['verify', '-x509_strict', '-CAfile', file, '-verify_hostname', 'api.drowse.localhost', leaf])
    return true
  } catch {
    return false
  }
}

async function acceptedBy(
  { caPath, bundlePath }: Certificates,
  leafCert: string,
): Promise<[ca: boolean, bundle: boolean]> {
  return [await accepts(caPath, leafCert), await accepts(bundlePath, leafCert)]
}

async function isPending(): Promise<boolean> {
  return stat(join(folder, 'secrets', 'rotation.json')).then(
    () => true,
    () => false,
  )
}

describe('rotateCertificates()', () => {
  it('makes another authority and leaf; the old one is trusted until the new leaf is out, and not after', async () => {
    const before = await ensureCertificates(options)
    const steps: string[] = []
    const check = async (step: string, leafCert: string): Promise<void> => {
      steps.push(step)
      expect(await acceptedBy(before, before.cert)).toEqual([true, true])
      if (leafCert !== '') expect(await acceptedBy(before, leafCert)).toEqual([true, true])
    }
    const after = await rotateCertificates(options, {
      onPublished: async () => check('published', ''),
      onLeaf: async (leafCert) => check('leaf', leafCert),
      onReplaced: async () => void steps.push('replaced'),
    })
    expect(steps).toEqual(['published', 'leaf', 'replaced'])
    expect(await acceptedBy(after, after.cert)).toEqual([true, true])
    expect(await acceptedBy(after, before.cert)).toEqual([false, false])
    expect(await isPending()).toBe(false)
    expect(await ensureCertificates(options)).toEqual(after)
    expect((await stat(join(folder, 'secrets', 'ca.key'))).mode & 0o777).toBe(0o600)
  })

  const cuts = ['onPublished', 'onLeaf', 'onReplaced'] as const
  it.each(cuts)('cut at %s, leaves what is served trusted, and goes on with the same authority', async (cut) => {
    const before = await ensureCertificates(options)
    const fail: RotationHooks = { [cut]: async () => Promise.reject(new Error('cut')) }
    await expect(rotateCertificates(options, fail)).rejects.toThrow('cut')
    expect((await stat(join(folder, 'secrets', 'rotation.json'))).mode & 0o777).toBe(0o600)
    const served = await readFile(before.files.certPath, 'utf8')
    expect(await acceptedBy(before, served)).toEqual([true, true])
    const [published = ''] = (await readFile(before.caPath, 'utf8')).split(/(?<=-----END CERTIFICATE-----\n)/)
    const after = await rotateCertificates(options)
    expect(await readFile(after.caPath, 'utf8')).toBe(published)
    expect(await acceptedBy(after, after.cert)).toEqual([true, true])
    expect(await acceptedBy(after, before.cert)).toEqual([false, false])
  })

  it.each(cuts)('cut at %s, is brought to its end by the next start', async (cut) => {
    const before = await ensureCertificates(options)
    await expect(rotateCertificates(options, { [cut]: async () => Promise.reject(new Error('cut')) })).rejects.toThrow(
      'cut',
    )
    const after = await ensureCertificates(options)
    expect(await isPending()).toBe(false)
    expect(describeAuthority(await readFile(after.caPath, 'utf8')).count).toBe(1)
    expect(await acceptedBy(after, after.cert)).toEqual([true, true])
    expect(await acceptedBy(after, before.cert)).toEqual([false, false])
  })

  it('makes the first authority too, and starts anew over an intent that cannot be used', async () => {
    const first = await rotateCertificates(options)
    expect(await acceptedBy(first, first.cert)).toEqual([true, true])
    for (const damaged of [
      '',
      '{',
      '{"ca":1}',
      JSON.stringify({ ca: { cert: '', key: '' }, leaf: { cert: '', key: '' }, previous: '' }),
    ]) {
      await writeFile(join(folder, 'secrets', 'rotation.json'), damaged)
      const { cert } = await rotateCertificates(options)
      expect(await acceptedBy(first, cert)).toEqual([true, true])
    }
    await writeFile(join(folder, 'secrets', 'rotation.json'), '{')
    await ensureCertificates(options)
    expect(await isPending()).toBe(false)
  })
})

describe('describeAuthority()', () => {
  it('tells what a person compares, as openssl does', async () => {
    const { caPath } = await ensureCertificates(options)
    const pem = await readFile(caPath, 'utf8')
    const facts = describeAuthority(pem)
    expect(facts.subject).toBe('O=Drowse, CN=Drowse local authority for drowse.localhost')
    expect(facts.permitted).toEqual(['drowse.localhost', 'localhost', '127.0.0.1', '::1'])
    expect(facts.validToMs - facts.validFromMs).toBe(new X509Certificate(pem).validToDate.getTime() - facts.validFromMs)
    const { stdout } = await exec('openssl', [
      'x509',
      '-in',
      caPath,
      '-noout',
      '-fingerprint',
      '-sha256',
      '-ext',
      'nameConstraints',
    ])
    expect(stdout).toContain(facts.fingerprint)
    expect([...stdout.matchAll(/DNS:(\S+)/g)].map((match) => match[1])).toEqual(['drowse.localhost', 'localhost'])
  })

  it('throws over what is none', () => {
    expect(() => describeAuthority('hello')).toThrow()
  })
})
