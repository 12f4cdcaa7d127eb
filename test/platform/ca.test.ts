import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2'
import { join } from 'node:path'
import { exec } from '@drowse/common'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { drowse, type Installation } from './support/drowse.ts'
import { makeInstallation, removeInstallation } from './support/installation.ts'
import { withPrivateTrust } from './support/private-trust.ts'

const SCRIPT = join(import.meta.dirname, '..', '..', 'drowse')
const LANE = Number(process.env.DROWSE_TEST_LANE ?? 0)
const PORT = 15_443 + LANE
/** What must not change on the host. */
const PLACES = ['/etc/ssl/certs', '/usr/local/share/ca-certificates']

let installation: Installation
let folder = ''
let before: string[] = []

function hostFiles(): string[] {
  return PLACES.flatMap((place) => (existsSync(place) ? readdirSync(place).map((name) => join(place, name)) : []))
}

/** `drowse` in the namespace where the system's trust may be changed. */
async function ca(...args: string[]): Promise<string> {
  return (await withPrivateTrust(folder, [SCRIPT, ...args], { env: installation.env })).stdout
}

/** Whether curl, with nothing but what the system trusts, reaches the API there. */
async function isReached(): Promise<boolean> {
  const url = `https://api.drowse.localhost:${PORT}/health`
  const call = ['-sS', '--noproxy', '*', '--max-time', '20', '--resolve', `api.drowse.localhost:${PORT}:127.0.0.1`, url]
  try {
    await withPrivateTrust(folder, ['env', '-u', 'CURL_CA_BUNDLE', '-u', 'SSL_CERT_FILE', 'curl', ...call])
    return true
  } catch (error) {
    expect(String(error)).toContain('certificate')
    return false
  }
}

function fingerprintIn(text: string): string[] {
  return [...text.matchAll(/SHA-256 ([0-9A-F:]{95})/g)].map((match) => match[1] ?? '')
}

beforeAll(async () => {
  folder = await mkdtemp('/var/tmp/drowse-test-trust-')
  before = hostFiles()
  const place = { httpPort: 15_210 + LANE, httpsPort: PORT, subnet: `10.239.${LANE * 16}.0/20` }
  installation = await makeInstallation(place, { DROWSE_POOL_SIZE: '0' })
  await drowse(installation, ['up'])
}, 300_000)

afterAll(async () => {
  await removeInstallation(installation)
  await rm(folder, { recursive: true })
  expect(hostFiles()).toEqual(before)
}, 300_000)

describe('drowse ca', () => {
  it('teaches, and says what is missing where there is no authority', async () => {
    const { stdout } = await drowse(installation, ['ca', '--help'])
    for (const word of ['show', 'install', 'uninstall', 'rotate', 'drowse env', 'key']) expect(stdout).toContain(word)
    const nowhere = { ...installation, env: { ...installation.env, DROWSE_DATA: join(folder, 'none') } }
    for (const verb of ['show', 'install', 'rotate']) {
      await expect(drowse(nowhere, ['ca', verb])).rejects.toThrow(/there is no ".*ca\.pem"/)
    }
    expect(existsSync(join(folder, 'none'))).toBe(false)
  })

  it('show tells what openssl tells', async () => {
    const { stdout } = await drowse(installation, ['ca', 'show'])
    const path = join(installation.data, 'tls', 'ca.pem')
    const told = await exec('openssl', ['x509', '-in', path, '-noout', '-fingerprint', '-sha256'])
    expect(fingerprintIn(stdout)).toEqual([told.stdout.trim().split('=')[1]])
    for (const word of [path, 'drowse.localhost, localhost, 127.0.0.1', 'not trusted by the system']) {
      expect(stdout).toContain(word)
    }
  })

  it('install lets the system trust the door, rotate keeps it so without cutting, uninstall ends it', async () => {
    expect(await isReached()).toBe(false)
    const installed = await ca('ca', 'install')
    for (const word of ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'certutil', 'Firefox'])
      expect(installed).toContain(word)
    expect(await isReached()).toBe(true)
    expect(await ca('ca', 'install')).toContain('already')
    expect(await ca('ca', 'show')).toContain('trusted by the system')

    const session = await openSession()
    const [old] = fingerprintIn(await ca('ca', 'show'))
    const rotated = await ca('ca', 'rotate')
    const [oldTold, fresh] = fingerprintIn(rotated)
    expect([oldTold, fresh === old]).toEqual([old, false])
    for (const word of ['need the new file', 'The service serves', 'the old one no more'])
      expect(rotated).toContain(word)
    expect(await isReached()).toBe(true)
    expect(await statusOn(session)).toBeLessThan(500) // the connection from before is still served
    session.destroy()
    expect(fingerprintIn(await ca('ca', 'show'))).toEqual([fresh])
    // One authority of ours is left in the store.
    const names = (await withPrivateTrust(folder, ['ls', '/usr/local/share/ca-certificates'])).stdout
    expect(names.match(/drowse-/g)).toHaveLength(1)
    const env = await drowse(installation, ['env'])
    expect(env.stdout).toContain(join(installation.data, 'tls', 'ca.pem'))

    expect(await ca('ca', 'uninstall')).toContain("out of the system's trust store")
    expect(await isReached()).toBe(false)
    expect(await ca('ca', 'uninstall')).toContain('was not in')
  })

  it('rotate works while the service is down, and the next start serves it', async () => {
    await drowse(installation, ['down'])
    const rotated = (await drowse(installation, ['ca', 'rotate'])).stdout
    expect(rotated).toContain('does not run')
    await drowse(installation, ['up'])
    const session = await openSession()
    expect(await statusOn(session)).toBeLessThan(500)
    session.destroy()
  })

  it('drowse uninstall takes it out of the store too', async () => {
    await ca('ca', 'install')
    expect(await isReached()).toBe(true)
    await ca('uninstall', '--yes', '--keep-data')
    const left = (await withPrivateTrust(folder, ['ls', '-a', ...PLACES])).stdout
    expect(left).not.toContain('drowse-')
  })
})

/** A connection that trusts what the published file holds now. */
async function openSession(): Promise<ClientHttp2Session> {
  const session = connectHttp2(`https://127.0.0.1:${PORT}`, {
    ca: readFileSync(join(installation.data, 'tls', 'ca.pem')),
  })
  await once(session, 'connect')
  return session
}

async function statusOn(session: ClientHttp2Session): Promise<number> {
  const stream = session.request({ ':path': '/health' })
  const [head] = (await once(stream, 'response')) as [{ ':status': number }]
  stream.close()
  return head[':status']
}
