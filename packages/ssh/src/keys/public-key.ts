import { createHash, createPublicKey } from 'node:crypto'
import { DrowseError } from '@drowse/protocol'
import ssh2, { type ParsedKey } from 'ssh2'

/** Longest text of a public key, in characters; an RSA key of 16,384 bits takes 2,800. */
const MAX_LENGTH = 8_192
/** Shortest RSA modulus, in bits, that OpenSSH still takes by default is 1,024; 2,048 is what it makes. */
const MIN_RSA_BITS = 2_048

const KEY_LINE = /^(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)) +([A-Za-z0-9+/]+={0,2})(?: +([^\r\n]*))?$/

/** One public key, as a line of `authorized_keys` without options. */
export interface PublicKey {
  type: string
  /** `<type> <base64>`, without a comment. */
  publicKey: string
  /** `SHA256:` and base64, as `ssh-keygen -l` prints it. */
  fingerprint: string
  /** The rest of the line; empty when there is none. */
  comment: string
}

/** Reads a public key as `ssh-keygen` writes it to a `.pub` file. Throws "invalid_argument" that says what is wrong with it. */
export function parsePublicKey(text: string): PublicKey {
  const line = text.trim()
  if (/PRIVATE KEY/.test(line)) throw refused('this is a private key; send the ".pub" file, and keep this one secret')
  if (line.length > MAX_LENGTH) throw refused(`it is longer than ${MAX_LENGTH} characters`)
  const [, type, base64, comment = ''] = KEY_LINE.exec(line) ?? []
  if (type === undefined || base64 === undefined) {
    throw refused('it must be one line as in a ".pub" file, of type ssh-ed25519, ecdsa-sha2-nistp… or ssh-rsa')
  }
  const key = readKey(`${type} ${base64}`)
  if (key === undefined || key.type !== type) throw refused('what stands behind its type is not such a key')
  if (type === 'ssh-rsa' && rsaBits(key) < MIN_RSA_BITS) throw refused(`RSA keys need ${MIN_RSA_BITS} bits`)
  const blob = key.getPublicSSH()
  return {
    type,
    publicKey: `${type} ${blob.toString('base64')}`,
    fingerprint: fingerprintOf(blob),
    comment: comment.trim(),
  }
}

/** The fingerprint of a key in SSH's binary form. */
export function fingerprintOf(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`
}

/** The key in a line that {@link parsePublicKey} has made; `undefined` for anything else. */
export function readKey(publicKey: string): ParsedKey | undefined {
  const key = ssh2.utils.parseKey(publicKey)
  return key instanceof Error || key.isPrivateKey() ? undefined : key
}

function rsaBits(key: ParsedKey): number {
  return createPublicKey(key.getPublicPEM()).asymmetricKeyDetails?.modulusLength ?? 0
}

function refused(reason: string): DrowseError {
  return new DrowseError('invalid_argument', `Cannot use the public key: ${reason}`)
}
