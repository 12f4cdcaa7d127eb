import { expect, it, vi } from 'vitest'
import ssh2 from 'ssh2'
import { newKeyPair } from './new-key-pair.ts'
import { parsePublicKey } from './public-key.ts'

it('newKeyPair() throws away a pair whose public part ssh2 cut short', () => {
  const good = ssh2.utils.generateKeyPairSync.bind(ssh2.utils)
  const cut = Buffer.concat([string('ssh-ed25519'), string(Buffer.alloc(31, 7))]).toString('base64')
  const generate = vi
    .spyOn(ssh2.utils, 'generateKeyPairSync')
    .mockImplementationOnce(() => ({ private: '', public: `ssh-ed25519 ${cut}` }))
    .mockImplementation(() => good('ed25519'))
  const pair = newKeyPair()
  expect(generate.mock.calls.length).toBeGreaterThan(1)
  expect(parsePublicKey(pair.publicKey).type).toBe('ssh-ed25519')
})

/** A string of SSH's binary form. */
function string(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}
