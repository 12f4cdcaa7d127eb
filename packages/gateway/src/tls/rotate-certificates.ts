import { rm } from 'node:fs/promises'
import { writeFileAtomic } from '@drowse/common'
import {
  certificatePlaces,
  certificates,
  firstCertificate,
  writeBundle,
  writePair,
  writePublic,
  type CertificateOptions,
  type CertificatePlaces,
  type Certificates,
} from './certificate-files.ts'
import { issueAuthority, issueLeaf } from './issue.ts'
import { isUsableAuthority, isUsableLeaf } from './judge-certificates.ts'
import { readRotation, writeRotation, type Rotation } from './rotation.ts'

/** What happens beside the files while an authority is replaced; each is awaited. */
export interface RotationHooks {
  /** The new authority is published beside the old one: whoever reads the files trusts both. Nothing signed by it is served. */
  onPublished?: (caCert: string) => Promise<void>
  /** The new leaf is in its files, for the service to serve. */
  onLeaf?: (leafCert: string) => Promise<void>
  /** The old authority is out of the files. */
  onReplaced?: (caCert: string) => Promise<void>
}

/**
 * Replaces the local authority and its leaf. The intent is durable first; until the new leaf is served, the published files hold the old authority too, so at every point who has just read
 * them trusts what is served. Cut anywhere, the next call, or `ensureCertificates`, goes on with the same authority. Not to be called twice at a time.
 */
export async function rotateCertificates(
  options: CertificateOptions,
  hooks: RotationHooks = {},
): Promise<Certificates> {
  const { domain } = options
  const nowMs = options.clock.nowMs()
  const files = await certificatePlaces(options)
  const pending = await pendingRotation(options, files)
  if (pending !== undefined) return completeRotation(options, files, pending, hooks)
  const ca = await issueAuthority(domain, nowMs)
  const rotation = { ca, leaf: await issueLeaf(ca, domain, nowMs), previous: await firstCertificate(files.ca.cert) }
  await writeRotation(files.rotation, rotation)
  return completeRotation(options, files, rotation, hooks)
}

/** Brings a rotation to its end, whatever of it was done before. */
export async function completeRotation(
  options: CertificateOptions,
  files: CertificatePlaces,
  { ca, leaf, previous }: Rotation,
  hooks: RotationHooks = {},
): Promise<Certificates> {
  await writePublic(files.ca.cert, ca.cert + previous)
  await writeBundle(options, files, ca.cert + previous)
  await hooks.onPublished?.(ca.cert)
  await writeFileAtomic(files.ca.key, ca.key, 0o600)
  await writePair(files.leaf, leaf)
  await hooks.onLeaf?.(leaf.cert)
  await writePublic(files.ca.cert, ca.cert)
  await hooks.onReplaced?.(ca.cert)
  await writeBundle(options, files, ca.cert)
  await rm(files.rotation, { force: true })
  return certificates(files, leaf)
}

/** The rotation that has begun and can be brought to its end. */
export async function pendingRotation(
  { domain, clock }: CertificateOptions,
  files: CertificatePlaces,
): Promise<Rotation | undefined> {
  const rotation = await readRotation(files.rotation)
  return rotation !== undefined && isUsable(rotation, domain, clock.nowMs()) ? rotation : undefined
}

/** A pending rotation is as good as the authority and the leaf in it. */
function isUsable({ ca, leaf }: Rotation, domain: string, nowMs: number): boolean {
  return isUsableAuthority(ca, domain, nowMs) && isUsableLeaf(leaf, ca, domain, nowMs)
}
