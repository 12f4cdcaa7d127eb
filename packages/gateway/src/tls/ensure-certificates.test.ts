import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer, get } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exec, FakeClock } from '@drowse/common'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CertificateOptions, Certificates } from './certificate-files.ts'
import { ensureCertificates } from './ensure-certificates.ts'
import { issueLeaf } from './issue.ts'

const DAY_MS = 86_400_000

let folder = ''
let clock = new FakeClock()

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drowse-tls-'))
  clock = new FakeClock(Date.now())
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

async function ensure(overrides: Partial<CertificateOptions> = {}): Promise<Certificates> {
  return ensureCertificates({
    tlsDirectory: join(folder, 'tls'),
    secretsDirectory: join(folder, 'secrets'),
    domain: 'drowse.localhost',
    clock,
    systemBundle: join(folder, 'system.crt'),
    ...overrides,
  })
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(join(folder, path))).mode & 0o777).toString(8)
}

async function readCa(): Promise<string> {
  return readFile(join(folder, 'tls', 'ca.pem'), 'utf8')
}

describe('ensureCertificates() files', () => {
  it('keeps keys to their owner and shows certificates to all, whatever the umask', async () => {
    const umask = process.umask(0o077)
    try {
      await ensure()
    } finally {
      process.umask(umask)
    }
    expect(await Promise.all(['secrets', 'secrets/ca.key', 'secrets/leaf.key'].map(modeOf))).toEqual([
      '700',
      '600',
      '600',
    ])
    expect(await Promise.all(['tls', 'tls/ca.pem', 'tls/leaf.pem', 'tls/bundle.pem'].map(modeOf))).toEqual([
      '755',
      '644',
      '644',
      '644',
    ])
  })

  it('keeps everything when called again', async () => {
    const first = await ensure()
    const ca = await readCa()
    expect(await ensure()).toEqual(first)
    expect(await readCa()).toBe(ca)
  })

  it('bundles the system’s authorities with its own and follows their changes', async () => {
    const { bundlePath } = await ensure()
    expect(await readFile(bundlePath, 'utf8')).toBe(await readCa())
    await writeFile(join(folder, 'system.crt'), 'SYSTEM\n')
    await ensure()
    expect(await readFile(bundlePath, 'utf8')).toBe(`SYSTEM\n${await readCa()}`)
  })

  it('renews a leaf in its last 30 days and keeps the authority', async () => {
    const first = await ensure()
    const ca = await readCa()
    await clock.advance(360 * DAY_MS)
    expect((await ensure()).cert).toBe(first.cert)
    await clock.advance(6 * DAY_MS)
    const second = await ensure()
    expect(second.cert).not.toBe(first.cert)
    expect(await readCa()).toBe(ca)
    const { validFromDate, validToDate } = new X509Certificate(second.cert)
    expect(validToDate.getTime() - validFromDate.getTime()).toBeLessThanOrEqual(397 * DAY_MS)
  })

  it('makes both anew for another domain', async () => {
    await ensure()
    const { cert, caPath } = await ensure({ domain: 'sandboxes.example' })
    const leaf = new X509Certificate(cert)
    expect(leaf.checkHost('3000-x.sandboxes.example')).toBeDefined()
    expect(leaf.verify(new X509Certificate(await readFile(caPath)).publicKey)).toBe(true)
  })

  it.each(['secrets/ca.key', 'tls/ca.pem', 'secrets/leaf.key', 'tls/leaf.pem'])(
    'repairs a damaged %s',
    async (path) => {
      await ensure()
      await writeFile(join(folder, path), 'damaged')
      const { cert, key, caPath } = await ensure()
      const leaf = new X509Certificate(cert)
      expect(leaf.verify(new X509Certificate(await readFile(caPath)).publicKey)).toBe(true)
      expect(key).toContain('PRIVATE KEY')
    },
  )
})

describe('ensureCertificates() is accepted', () => {
  const names = [
    'drowse.localhost',
    'api.drowse.localhost',
    '3000-iabc.drowse.localhost',
    'localhost',
    '127.0.0.1',
    '::1',
  ]

  async function serve(cert: string, key: string): Promise<AsyncDisposable & { port: number }> {
    const server = createServer({ cert, key }, (_, response) => response.end('hello'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return {
      port: (server.address() as AddressInfo).port,
      async [Symbol.asyncDispose]() {
        server.closeAllConnections()
        server.close()
        await once(server, 'close')
      },
    }
  }

  async function statusInNode(port: number, name: string, ca: string): Promise<number | string> {
    return new Promise((resolve) => {
      const isAddress = /^[\d.:]+$/.test(name)
      const identity = isAddress ? {} : { servername: name }
      const request = get(
        { host: '127.0.0.1', port, ca, agent: false, headers: { host: name }, ...identity },
        (response) => {
          response.resume()
          resolve(response.statusCode ?? 0)
        },
      )
      request.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    })
  }

  it('by node for every name, and for no other', async () => {
    const { cert, key } = await ensure()
    await using server = await serve(cert, key)
    const ca = await readCa()
    const answers = await Promise.all(
      names.filter((name) => name !== '::1').map((name) => statusInNode(server.port, name, ca)),
    )
    expect(answers).toEqual([200, 200, 200, 200, 200])
    expect(new X509Certificate(cert).checkIP('::1')).toBe('::1')
    expect(await statusInNode(server.port, 'a.b.drowse.localhost', ca)).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
  })

  it('never for a domain outside the authority’s constraints', async () => {
    const { caPath } = await ensure()
    const authority = { cert: await readCa(), key: await readFile(join(folder, 'secrets', 'ca.key'), 'utf8') }
    const forged = await issueLeaf(authority, 'bank.example', clock.nowMs())
    await using server = await serve(forged.cert, forged.key)
    expect(await statusInNode(server.port, 'bank.example', authority.cert)).not.toBe(200)
    const call = ['-sS', '--noproxy', '*', '--cacert', caPath, '--resolve', `bank.example:${server.port}:127.0.0.1`]
    await expect(exec('curl', [...call, `https://bank.example:${server.port}/`])).rejects.toThrow(
      'permitted subtree violation',
    )
  })

  it('by curl', async () => {
    const { cert, key, caPath } = await ensure()
    await using server = await serve(cert, key)
    for (const name of names.slice(0, 4)) {
      const url = `https://${name}:${server.port}/`
      const target = ['--resolve', `${name}:${server.port}:127.0.0.1`]
      const { stdout } = await exec('curl', ['-sS', '--noproxy', '*', '--cacert', caPath, ...target, url])
      expect(stdout).toBe('hello')
    }
  })

  it('by python’s ssl in strict mode, with the bundle', async () => {
    const { cert, key, bundlePath } = await ensure()
    await using server = await serve(cert, key)
    const program = [
      'import socket, ssl, sys',
      'context = ssl.create_default_context(cafile=sys.argv[1])',
      'context.verify_flags |= ssl.VERIFY_X509_STRICT',
      'for name in sys.argv[3:]:',
      '    with socket.create_connection(("127.0.0.1", int(sys.argv[2]))) as plain:',
      '        with context.wrap_socket(plain, server_hostname=name) as tls: print(name)',
    ].join('\n')
    const { stdout } = await exec('python3', ['-c', program, bundlePath, String(server.port), ...names])
    expect(stdout.trim().split('\n')).toEqual(names)
  })
})
