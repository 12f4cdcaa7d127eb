import ssh2 from 'ssh2'
import { readKey } from './public-key.ts'

/** A new Ed25519 key pair. */
export interface KeyPair {
  /** In OpenSSH's format; a secret. */
  privateKey: string
  /** A line as in a `.pub` file. */
  publicKey: string
}

/**
 * Makes an Ed25519 key pair. ssh2 1.17 drops leading zero bytes of the public part, which one key in 256 has, and then can't read what it
 * wrote: such a pair is thrown away.
 */
export function newKeyPair(options: { comment?: string } = {}): KeyPair {
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', options)
    if (readKey(pair.public) !== undefined) return { privateKey: pair.private, publicKey: pair.public }
  }
}
