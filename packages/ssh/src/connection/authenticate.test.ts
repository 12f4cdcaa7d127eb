import { newSandboxId } from '@drowse/protocol'
import { assert, asyncProperty, oneof, string } from 'fast-check'
import ssh2, { type ParsedKey, type PublicKeyAuthContext } from 'ssh2'
import { expect, it } from 'vitest'
import { newKeyPair } from '../keys/new-key-pair.ts'
import { parsePublicKey } from '../keys/public-key.ts'
import type { SandboxAccess } from '../sandbox-access.ts'
import { judgeAttempt } from './authenticate.ts'

const id = newSandboxId()
const pair = newKeyPair()
const { publicKey, fingerprint } = parsePublicKey(pair.publicKey)
const key = privateKeyOf(pair.privateKey)

/** Finds the key whatever the sandbox: what is refused here is refused by its name. */
const generous: SandboxAccess = {
  findKey: async (sandboxId, given) => {
    expect(sandboxId.length).toBeLessThanOrEqual(80)
    return given === fingerprint ? { id: 'key', publicKey } : undefined
  },
  open: () => Promise.reject(new Error('nothing is to be opened')),
}

function privateKeyOf(text: string): ParsedKey {
  const parsed = ssh2.utils.parseKey(text)
  if (parsed instanceof Error) throw parsed
  return parsed
}

function attempt(username: string, parts: Partial<PublicKeyAuthContext> = {}): PublicKeyAuthContext {
  const asked = { method: 'publickey', username, key: { algo: 'ssh-ed25519', data: key.getPublicSSH() }, ...parts }
  return asked as PublicKeyAuthContext // the parts that a judgement reads
}

it('refuses every name that is no sandbox id, and never throws', { timeout: 60_000 }, async () => {
  const blob = Buffer.from('what is signed')
  const signed = { blob, signature: key.sign(blob) }
  const names = oneof(
    string({ unit: 'binary', maxLength: 300 }),
    string({ unit: 'grapheme' }).map((tail) => id + tail),
  )
  await assert(
    asyncProperty(names, async (name) => {
      const { kind } = await judgeAttempt(generous, attempt(name, signed))
      expect(kind).toBe(/^i[a-z0-9]{20}(\+[a-z_][a-z0-9_-]{0,31})?$/.test(name) ? 'proved' : 'refused')
    }),
    { numRuns: 300 },
  )
})

it('believes a signature only when it is of this very request by this very key', async () => {
  const blob = Buffer.from('what is signed')
  const signature = key.sign(blob)
  const kindOf = async (parts: Partial<PublicKeyAuthContext>): Promise<string> =>
    (await judgeAttempt(generous, attempt(id, parts))).kind
  expect(await kindOf({ blob, signature })).toBe('proved')
  expect(await kindOf({})).toBe('acceptable')
  expect(await kindOf({ blob: Buffer.from('something else'), signature })).toBe('refused')
  expect(await kindOf({ blob, signature: Buffer.alloc(64) })).toBe('refused')
  expect(await kindOf({ blob, signature: Buffer.alloc(0) })).toBe('refused')
  expect(await kindOf({ key: { algo: 'ssh-rsa', data: key.getPublicSSH() } })).toBe('refused')
})
