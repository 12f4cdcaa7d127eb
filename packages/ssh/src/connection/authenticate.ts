import type { AuthContext, PublicKeyAuthContext } from 'ssh2'
import { fingerprintOf, readKey } from '../keys/public-key.ts'
import type { SandboxAccess } from '../sandbox-access.ts'
import { parseUserName, type SshUser } from '../user-name.ts'

/** Longest user name that is looked up, in characters; all real ones are shorter. */
const MAX_NAME_LENGTH = 80

/** Who a client has proved to be. */
export interface Login extends SshUser {
  /** Id of the public key. */
  keyId: string
}

/** What came of one attempt to prove who a client is. */
export type Attempt =
  | { kind: 'proved'; login: Login }
  /** The key would do; the client has to sign with it. */
  | { kind: 'acceptable' }
  | { kind: 'refused' }

/**
 * Judges one attempt. Only public keys count, and only those of the sandbox's own team: an unknown sandbox, another team's and an unknown key
 * take the same steps to the same refusal. Wakes nothing.
 */
export async function judgeAttempt(access: SandboxAccess, attempt: AuthContext): Promise<Attempt> {
  if (attempt.method !== 'publickey') return { kind: 'refused' }
  const user = parseUserName(attempt.username)
  const found = await access.findKey(
    user?.id ?? attempt.username.slice(0, MAX_NAME_LENGTH),
    fingerprintOf(attempt.key.data),
  )
  if (user === undefined || found === undefined || !isStrong(attempt)) return { kind: 'refused' }
  if (attempt.signature === undefined || attempt.blob === undefined) return { kind: 'acceptable' }
  const key = readKey(found.publicKey)
  // A signature that is malformed gives an error in place of a boolean.
  if (key?.verify(attempt.blob, attempt.signature, attempt.hashAlgo) !== true) return { kind: 'refused' }
  return { kind: 'proved', login: { ...user, keyId: found.id } }
}

/** RSA without a named hash is RSA with SHA-1. */
function isStrong({ key, hashAlgo }: PublicKeyAuthContext): boolean {
  return key.algo !== 'ssh-rsa' || hashAlgo !== undefined
}
