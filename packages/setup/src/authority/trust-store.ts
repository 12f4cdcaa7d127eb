import { X509Certificate } from 'node:crypto'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDirectory, exec, isNoEntry, readIfThere, writeFileAtomic } from '@drowse/common'
import { findOnPath } from '../host/find-on-path.ts'
import { setupError } from '../setup-error.ts'

/** Where a system keeps the authorities that its programs trust, and what brings them into force. */
export interface TrustStore {
  /** Folder for authorities that the administrator adds, as `<name>.crt`. */
  localDirectory: string
  /** Folder of everything that is trusted: links by name and by hash, and the bundle. */
  certsDirectory: string
  /** Program that makes the second from the first, by its name on PATH. */
  program: string
  /** Arguments of each call. */
  args: readonly string[]
}

/** As Debian and Ubuntu have it. */
export const SYSTEM_TRUST: TrustStore = {
  localDirectory: '/usr/local/share/ca-certificates',
  certsDirectory: '/etc/ssl/certs',
  program: 'update-ca-certificates',
  args: [],
}

/** Time, in ms, that the program may take; it hashes every authority of the system. */
const UPDATE_LIMIT_MS = 120_000

/** Whether all programs that go by the system's store trust an authority. */
export async function isTrusted(store: TrustStore, instance: string, caCert: string): Promise<boolean> {
  const bundle = (await readIfThere(join(store.certsDirectory, 'ca-certificates.crt'))) ?? ''
  return bundle.includes(caCert.trim()) && (await readIfThere(authorityPath(store, instance, caCert))) === caCert
}

/**
 * Puts an authority of ours into the store; "kept" when it is there. Others of this instance stay. May be repeated after a cut: it is in force when this resolves.
 * Throws "setup_failed" when the system has no such store.
 */
export async function trust(store: TrustStore, instance: string, caCert: string): Promise<'done' | 'kept'> {
  if (await isTrusted(store, instance, caCert)) return 'kept'
  findProgram(store)
  await ensureDirectory(store.localDirectory, 0o755)
  await writeFileAtomic(authorityPath(store, instance, caCert), caCert, 0o644)
  await update(store, [])
  return 'done'
}

/**
 * Takes this instance's authorities out of the store, all but `except`. Resolves to whether there was one. May be repeated after a cut: what a first call left is found
 * by its name in either folder.
 */
export async function distrust(store: TrustStore, instance: string, except?: string): Promise<boolean> {
  const kept = except === undefined ? undefined : authorityName(instance, except)
  const names = (await ownNames(store, instance)).filter((name) => name !== kept)
  if (names.length === 0) return false
  findProgram(store)
  for (const file of await list(store.localDirectory)) {
    if (names.some((name) => file.startsWith(`${name}.crt`)))
      await rm(join(store.localDirectory, file), { force: true })
  }
  // The links of what is gone go only with --fresh.
  await update(store, ['--fresh'])
  return true
}

/** Whether any authority of this instance is in the store, the present one or an older one. */
export async function hasTrusted(store: TrustStore, instance: string): Promise<boolean> {
  return (await ownNames(store, instance)).length > 0
}

/** Names, without endings, of this instance's files in either folder, half-written ones among them. */
async function ownNames({ localDirectory, certsDirectory }: TrustStore, instance: string): Promise<string[]> {
  const pattern = new RegExp(`^(drowse-${instance}-[0-9a-f]{16})\\.(crt|pem)`)
  const files = [...(await list(localDirectory)), ...(await list(certsDirectory))]
  return [...new Set(files.flatMap((file) => pattern.exec(file)?.[1] ?? []))]
}

function authorityPath({ localDirectory }: TrustStore, instance: string, caCert: string): string {
  return join(localDirectory, `${authorityName(instance, caCert)}.crt`)
}

/** Each authority has a name of its own, so that an old one and its successor can be trusted at once. */
function authorityName(instance: string, caCert: string): string {
  const fingerprint = new X509Certificate(caCert).fingerprint256.replaceAll(':', '').toLowerCase()
  return `drowse-${instance}-${fingerprint.slice(0, 16)}`
}

function findProgram({ program }: TrustStore): string {
  const [path] = findOnPath(program, undefined)
  if (path !== undefined) return path
  throw setupError(`Cannot change what the system trusts: there is no "${program}"`, {
    hint: 'Install it with "apt-get install ca-certificates", or give clients the file that "drowse ca show" names.',
  })
}

async function update(store: TrustStore, more: readonly string[]): Promise<void> {
  try {
    await exec(findProgram(store), [...store.args, ...more], { timeoutMs: UPDATE_LIMIT_MS })
  } catch (cause) {
    throw setupError(`Cannot change what the system trusts: "${store.program}" failed`, {
      hint: 'Mend what it says, then run this again.',
      detail: (cause as Error).message,
      cause,
    })
  }
}

async function list(directory: string): Promise<string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (isNoEntry(error)) return []
    throw error
  }
}
