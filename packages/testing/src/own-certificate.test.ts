import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { exec } from '@drowse/common'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startTestPlatform } from './test-platform.ts'

let folder = ''
let files = { tlsCertFile: '', tlsKeyFile: '' }

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drowse-own-'))
  files = { tlsCertFile: join(folder, 'cert.pem'), tlsKeyFile: join(folder, 'key.pem') }
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=mine']
  await exec('openssl', ['req', ...kind, '-out', files.tlsCertFile, '-keyout', files.tlsKeyFile])
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

test("a user's own certificate is what the https door serves", async () => {
  await using platform = await startTestPlatform(files)
  const socket = connect({ host: '127.0.0.1', port: platform.httpsPort, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  expect(socket.getPeerCertificate().subject.CN).toBe('mine')
  socket.destroy()
})

test('a certificate without its key is refused by the names of the settings', async () => {
  const { tlsCertFile } = files
  await expect(startTestPlatform({ tlsCertFile })).rejects.toThrow(/"tlsCertFile" and "tlsKeyFile" go together/)
})
