import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { connect as connectHttp2 } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { FakeClock, silentLogger } from '@drowse/common'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { TlsMaterial } from '../door/door-server.ts'
import { DOMAIN, startTestGateway } from '../fixtures/test-gateway.ts'
import type { CertificateOptions, Certificates } from './certificate-files.ts'
import { ensureCertificates } from './ensure-certificates.ts'
import { issueAuthority, issueLeaf } from './issue.ts'
import { keepLeafFresh, renewLeaf } from './renew-leaf.ts'
import { writeRotation } from './rotation.ts'
import { watchCertificate } from './served-certificate.ts'

const DAY_MS = 86_400_000

let folder = ''
let options: CertificateOptions & { clock: FakeClock }
let made: Certificates

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drowse-renew-'))
  options = {
    tlsDirectory: join(folder, 'tls'),
    secretsDirectory: join(folder, 'secrets'),
    domain: DOMAIN,
    // What is made then ends in four days from now.
    clock: new FakeClock(Date.now() - 391 * DAY_MS),
  }
  made = await ensureCertificates(options)
})

afterEach(async () => rm(folder, { recursive: true }))

async function leafInFiles(): Promise<string> {
  return readFile(made.files.certPath, 'utf8')
}

describe('renewLeaf()', () => {
  it('keeps a leaf until 30 days before its end, then makes another of the same authority', async () => {
    const ca = await readFile(made.caPath, 'utf8')
    await options.clock.advance(364 * DAY_MS)
    expect([await renewLeaf(options), await leafInFiles()]).toEqual(['kept', made.cert])
    await options.clock.advance(2 * DAY_MS)
    expect(await renewLeaf(options)).toBe('renewed')
    const renewed = new X509Certificate(await leafInFiles())
    expect(renewed.verify(new X509Certificate(ca).publicKey)).toBe(true)
    expect(renewed.validToDate.getTime() - options.clock.nowMs()).toBeGreaterThan(394 * DAY_MS)
    expect(await readFile(made.caPath, 'utf8')).toBe(ca)
    expect((await stat(made.files.keyPath)).mode & 0o777).toBe(0o600)
    expect(await renewLeaf(options)).toBe('kept')
  })

  it('makes one for one that is damaged, missing or of another authority', async () => {
    await writeFile(made.files.certPath, 'no certificate')
    expect(await renewLeaf(options)).toBe('renewed')
    await rm(made.files.keyPath)
    expect(await renewLeaf(options)).toBe('renewed')
    const other = await issueAuthority(DOMAIN, options.clock.nowMs())
    const { cert, key } = await issueLeaf(other, DOMAIN, options.clock.nowMs())
    await writeFile(made.files.certPath, cert)
    await writeFile(made.files.keyPath, key)
    expect(await renewLeaf(options)).toBe('renewed')
  })

  it('lets a rotation go on that has begun, and not one that was cut', async () => {
    await options.clock.advance(380 * DAY_MS)
    const ca = await issueAuthority(DOMAIN, options.clock.nowMs())
    const path = join(options.secretsDirectory, 'rotation.json')
    await writeRotation(path, { ca, leaf: await issueLeaf(ca, DOMAIN, options.clock.nowMs()), previous: '' })
    expect([await renewLeaf(options), await leafInFiles()]).toEqual(['rotating', made.cert])
    const yesterday = new Date(Date.now() - DAY_MS)
    await utimes(path, yesterday, yesterday)
    expect(await renewLeaf(options)).toBe('renewed')
  })

  it('leaves all as it is when the authority is missing or over', async () => {
    await options.clock.advance(4_000 * DAY_MS)
    expect([await renewLeaf(options), await leafInFiles()]).toEqual(['no authority', made.cert])
    await rm(join(options.secretsDirectory, 'ca.key'))
    expect(await renewLeaf(options)).toBe('no authority')
  })
})

describe('keepLeafFresh()', () => {
  it('gives a new handshake the new leaf before the old one ends, and open connections go on', async () => {
    await using test = await startTestGateway({ tls: made })
    const ca = await readFile(made.caPath)
    const at = { host: '127.0.0.1', port: test.httpsPort, servername: `api.${DOMAIN}`, ca }
    const open = async (): Promise<TLSSocket> => {
      const socket = connect(at)
      await once(socket, 'secureConnect') // trusted, or there is an error
      return socket
    }
    const ask = async (socket: TLSSocket): Promise<string> => {
      socket.write(`GET /x HTTP/1.1\r\nHost: api.${DOMAIN}\r\n\r\n`)
      return String((await once(socket, 'data'))[0]).slice(0, 15)
    }
    const before = await open()
    const session = connectHttp2(`https://api.${DOMAIN}`, {
      createConnection: () => connect({ ...at, ALPNProtocols: ['h2'] }),
    })
    await once(session, 'connect')
    const served: TlsMaterial[] = []
    const onChange = (tls: TlsMaterial): void => {
      test.gateway.replaceCertificate(tls)
      served.push(tls)
    }
    const { clock } = options
    await using _fresh = keepLeafFresh(options, silentLogger)
    await using _watch = watchCertificate({ files: made.files, current: made, onChange, logger: silentLogger, clock })
    await clock.advance(366 * DAY_MS) // 29 days before its end
    await vi.waitFor(
      async () => {
        await clock.advance(3_600_000)
        expect(served).toHaveLength(1)
      },
      { timeout: 30_000, interval: 20 },
    )
    expect(new X509Certificate(made.cert).validToDate.getTime()).toBeGreaterThan(clock.nowMs())
    const after = await open()
    expect(after.getPeerCertificate().fingerprint256).not.toBe(before.getPeerCertificate().fingerprint256)
    expect([await ask(before), await ask(after)]).toEqual(['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK'])
    const stream = session.request({ ':path': '/x' })
    expect(((await once(stream, 'response')) as [{ ':status': number }])[0][':status']).toBe(200)
    for (const one of [before, after, session]) one.destroy()
  }, 60_000)

  it('looks no more once it is disposed', async () => {
    const fresh = keepLeafFresh(options, silentLogger)
    await fresh[Symbol.asyncDispose]()
    await options.clock.advance(390 * DAY_MS)
    expect(await leafInFiles()).toBe(made.cert)
  })
})
