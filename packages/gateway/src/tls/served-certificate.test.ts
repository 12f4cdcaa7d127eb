import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, type TLSSocket } from 'node:tls'
import { FakeClock, silentLogger, writeFileAtomic } from '@drowse/common'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { TlsMaterial } from '../door/door-server.ts'
import { DOMAIN, startTestGateway } from '../fixtures/test-gateway.ts'
import { issueAuthority, issueLeaf } from './issue.ts'
import { readCertificate, watchCertificate, type CertificateFiles } from './served-certificate.ts'

let folder = ''
let files: CertificateFiles

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drowse-own-'))
  files = { certPath: join(folder, 'cert.pem'), keyPath: join(folder, 'key.pem') }
})

afterEach(async () => {
  await rm(folder, { recursive: true })
})

async function issue(): Promise<TlsMaterial> {
  const authority = await issueAuthority(DOMAIN, Date.now())
  const { cert, key } = await issueLeaf(authority, DOMAIN, Date.now())
  return { cert, key }
}

async function write({ cert, key }: TlsMaterial): Promise<void> {
  await writeFile(files.certPath, cert)
  await writeFile(files.keyPath, key)
}

describe('readCertificate()', () => {
  it('refuses what is missing, what is no PEM and what does not belong together, with a reason', async () => {
    await expect(readCertificate(files)).rejects.toThrow(/Cannot read ".*cert\.pem"/)
    const [one, two] = [await issue(), await issue()]
    await write({ cert: one.cert, key: two.key })
    await expect(readCertificate(files)).rejects.toThrow(/the key in ".*" is not its own/)
    await write({ cert: 'hello', key: one.key })
    await expect(readCertificate(files)).rejects.toThrow(/not valid PEM/)
    await write(one)
    expect(await readCertificate(files)).toEqual(one)
  })
})

describe('watchCertificate()', () => {
  it('hands on what changed, once, and nothing that cannot be used', async () => {
    const [one, two] = [await issue(), await issue()]
    await write(one)
    const clock = new FakeClock()
    const seen: TlsMaterial[] = []
    const warn = vi.spyOn(silentLogger, 'warn')
    const onChange = (tls: TlsMaterial): void => void seen.push(tls)
    await using _watch = watchCertificate({ files, current: one, onChange, logger: silentLogger, clock })
    const look = async (isDone: () => boolean): Promise<void> => {
      await vi.waitFor(async () => {
        await clock.advance(2_000)
        expect(isDone()).toBe(true)
      })
    }
    // Each at once: a look at half a file would be a problem of its own.
    await writeFileAtomic(files.certPath, two.cert)
    await look(() => warn.mock.calls.length > 0)
    expect(seen).toEqual([])
    await writeFileAtomic(files.keyPath, two.key)
    await look(() => seen.length > 0)
    expect(seen).toEqual([two])
    await clock.advance(10 * 60_000)
    expect([seen.length, warn.mock.calls.length]).toEqual([1, 1])
    warn.mockRestore()
  })
})

describe('replaceCertificate()', () => {
  it('serves the new certificate to new connections and goes on with open ones', async () => {
    await using test = await startTestGateway()
    const open = async (): Promise<TLSSocket> => {
      const name = { host: '127.0.0.1', port: test.httpsPort, servername: DOMAIN }
      const socket = connect({ ...name, rejectUnauthorized: false })
      await once(socket, 'secureConnect')
      return socket
    }
    const ask = async (socket: TLSSocket): Promise<string> => {
      socket.write(`GET /x HTTP/1.1\r\nHost: api.${DOMAIN}\r\n\r\n`)
      return String((await once(socket, 'data'))[0])
    }
    const fingerprint = (socket: TLSSocket): string => socket.getPeerCertificate().fingerprint256
    const before = await open()
    expect(await ask(before)).toContain('200 OK')
    test.gateway.replaceCertificate(await issue())
    const after = await open()
    expect(fingerprint(after)).not.toBe(fingerprint(before))
    expect(await ask(after)).toContain('200 OK')
    expect(await ask(before)).toContain('200 OK')
    before.destroy()
    after.destroy()
  })
})
