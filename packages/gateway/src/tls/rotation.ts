import { readFile } from 'node:fs/promises'
import { isNoEntry, writeFileAtomic } from '@drowse/common'
import type { CertificatePair } from '@drowse/certificates'

/** A change of the local authority that has begun. */
export interface Rotation {
  /** The new authority and leaf. */
  ca: CertificatePair
  leaf: CertificatePair
  /** The old authority, PEM; empty when there was none. */
  previous: string
}

/** Makes a rotation durable; its file holds private keys, for its owner only. */
export async function writeRotation(path: string, rotation: Rotation): Promise<void> {
  await writeFileAtomic(path, JSON.stringify(rotation), 0o600)
}

/** The rotation that has begun; `undefined` when there is none, or its file cannot be made out. */
export async function readRotation(path: string): Promise<Rotation | undefined> {
  try {
    const { ca, leaf, previous } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
    return isPair(ca) && isPair(leaf) && typeof previous === 'string' ? { ca, leaf, previous } : undefined
  } catch (error) {
    if (error instanceof SyntaxError || isNoEntry(error)) return undefined
    throw error
  }
}

function isPair(value: unknown): value is CertificatePair {
  const { cert, key } = (value ?? {}) as Record<string, unknown>
  return typeof cert === 'string' && typeof key === 'string'
}
