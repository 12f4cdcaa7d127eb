import { rm } from 'node:fs/promises'
import {
  certificatePlaces,
  certificates,
  readPair,
  writeBundle,
  writePair,
  type CertificateOptions,
  type Certificates,
} from './certificate-files.ts'
import { issueAuthority, issueLeaf } from './issue.ts'
import { isUsableAuthority, isUsableLeaf } from './judge-certificates.ts'
import { completeRotation, pendingRotation } from './rotate-certificates.ts'

/**
 * Makes sure that a local authority and a leaf for `domain` exist, and renews what is missing, damaged, about to end or made for another domain.
 * What is good stays as it is, so that clients that trust the authority go on doing so. A rotation that was cut is brought to its end. Safe to repeat; a crash in between is
 * repaired by the next call.
 */
export async function ensureCertificates(options: CertificateOptions): Promise<Certificates> {
  const { domain } = options
  const nowMs = options.clock.nowMs()
  const files = await certificatePlaces(options)
  const pending = await pendingRotation(options, files)
  if (pending === undefined) await rm(files.rotation, { force: true })
  else await completeRotation(options, files, pending)

  const storedCa = await readPair(files.ca)
  const ca =
    storedCa !== undefined && isUsableAuthority(storedCa, domain, nowMs)
      ? storedCa
      : await writePair(files.ca, await issueAuthority(domain, nowMs))
  const storedLeaf = await readPair(files.leaf)
  const leaf =
    storedLeaf !== undefined && isUsableLeaf(storedLeaf, ca, domain, nowMs)
      ? storedLeaf
      : await writePair(files.leaf, await issueLeaf(ca, domain, nowMs))
  await writeBundle(options, files, ca.cert)
  return certificates(files, leaf)
}
