import { join } from 'node:path'
import { ensureDirectory, readIfThere, writeFileAtomic } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'
import ssh2 from 'ssh2'
import { newKeyPair } from './new-key-pair.ts'
import { fingerprintOf } from './public-key.ts'

/** The key by which clients know this host. */
export interface HostKey {
  /** In OpenSSH's format; a secret. */
  privateKey: string
  /** `ssh-ed25519 <base64>`, as in `known_hosts`. */
  publicKey: string
  /** `SHA256:` and base64. */
  fingerprint: string
}

/**
 * The host key in `<secrets>/ssh-host-key`; made (Ed25519, mode 0600) when there is none, so that it stays the same from start to start.
 * Throws "setup_failed" when the file holds no key.
 */
export async function ensureHostKey(secretsDirectory: string): Promise<HostKey> {
  const path = join(secretsDirectory, 'ssh-host-key')
  const privateKey = (await readIfThere(path)) ?? (await makeKey(secretsDirectory, path))
  const key = ssh2.utils.parseKey(privateKey)
  if (key instanceof Error || !key.isPrivateKey()) {
    throw new DrowseError('setup_failed', `Cannot use "${path}": it holds no private key; remove it to get a new one`)
  }
  const blob = key.getPublicSSH()
  return { privateKey, publicKey: `${key.type} ${blob.toString('base64')}`, fingerprint: fingerprintOf(blob) }
}

async function makeKey(directory: string, path: string): Promise<string> {
  const { privateKey } = newKeyPair({ comment: 'drowse' })
  await ensureDirectory(directory)
  await writeFileAtomic(path, privateKey, 0o600)
  return privateKey
}
