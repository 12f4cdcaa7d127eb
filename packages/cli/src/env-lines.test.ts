import { execFileSync } from 'node:child_process'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { envLines, shellQuote } from './env-lines.ts'

describe('shellQuote()', () => {
  it('gives one word that a shell reads back unchanged', () => {
    const words = fc.array(
      fc.string({ unit: 'binary-ascii' }).map((text) => text.replaceAll('\0', '')),
      { minLength: 1 },
    )
    fc.assert(
      fc.property(words, (texts) => {
        const script = `printf '%s\\0' ${texts.map(shellQuote).join(' ')}`
        const read = execFileSync('sh', ['-c', script]).toString('latin1').split('\0').slice(0, -1)
        expect(read).toEqual(texts)
      }),
      { numRuns: 50 },
    )
  })
})

describe('envLines()', () => {
  const addresses = { http: 'http://127.0.0.1:3210', https: 'https://api.d.localhost:3443', domain: 'd.localhost:3443' }

  it('sets keys, addresses, the domain and the certificates, also on one line', () => {
    const lines = envLines({ apiKey: 'e2b_00', addresses, tls: '/var/lib/a folder/tls' })
    const script = `eval ${lines.join(' ').replaceAll("'", `\\'`).replaceAll(' ', '\\ ')}; env`
    const env = execFileSync('sh', ['-c', script], { env: {} }).toString().split('\n')
    expect(env).toEqual(
      expect.arrayContaining([
        'E2B_API_KEY=e2b_00',
        'E2B_API_URL=http://127.0.0.1:3210',
        'E2B_SANDBOX_URL=http://127.0.0.1:3210',
        'E2B_DOMAIN=d.localhost:3443',
        'NOVITA_API_KEY=e2b_00',
        'NOVITA_DOMAIN=d.localhost:3443',
        'NODE_EXTRA_CA_CERTS=/var/lib/a folder/tls/ca.pem',
        'SSL_CERT_FILE=/var/lib/a folder/tls/bundle.pem',
        'CURL_CA_BUNDLE=/var/lib/a folder/tls/bundle.pem',
      ]),
    )
    expect(env.join()).not.toContain('NOVITA_SANDBOX_URL')
  })
})
