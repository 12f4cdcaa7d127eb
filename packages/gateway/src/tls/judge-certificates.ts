import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { CertificatePair } from '@drowse/certificates'
import { leafNames } from './issue.ts'

const DAY_MS = 86_400_000
/** A leaf with less life left than this is made anew. */
const RENEW_LEAF_MS = 30 * DAY_MS
/** An authority with less life left than this, a leaf's whole life, is made anew. */
const RENEW_CA_MS = 400 * DAY_MS

/** Whether an authority belongs to its key, was made for `domain` and outlives any leaf that it signs now. */
export function isUsableAuthority(pair: CertificatePair, domain: string, nowMs: number): boolean {
  return isMatching(
    pair,
    (certificate) => isOfDomain(certificate, domain) && isInForce(certificate, nowMs, RENEW_CA_MS),
  )
}

/** Whether an authority belongs to its key, was made for `domain` and is valid now, if not for long. */
export function isAuthorityFor(pair: CertificatePair, domain: string, nowMs: number): boolean {
  return isMatching(pair, (certificate) => isOfDomain(certificate, domain) && isInForce(certificate, nowMs, 0))
}

function isOfDomain(certificate: X509Certificate, domain: string): boolean {
  // The constraints are in the certificate only as bytes; the name tells which domain they were made for.
  return certificate.ca && certificate.subject.split('\n').includes(`CN=Drowse local authority for ${domain}`)
}

/** Whether a leaf belongs to its key, covers `domain`, was signed by `ca` and does not end soon. */
export function isUsableLeaf(pair: CertificatePair, ca: CertificatePair, domain: string, nowMs: number): boolean {
  return isMatching(pair, (certificate) => {
    const names = certificate.subjectAltName?.split(', ') ?? []
    const authority = new X509Certificate(ca.cert)
    return (
      leafNames(domain).dns.every((name) => names.includes(`DNS:${name}`)) &&
      certificate.checkIssued(authority) &&
      certificate.verify(authority.publicKey) &&
      isInForce(certificate, nowMs, RENEW_LEAF_MS)
    )
  })
}

/** A pair that cannot be parsed is as bad as one that does not match. */
function isMatching(pair: CertificatePair, check: (certificate: X509Certificate) => boolean): boolean {
  try {
    const certificate = new X509Certificate(pair.cert)
    return certificate.checkPrivateKey(createPrivateKey(pair.key)) && check(certificate)
  } catch {
    return false
  }
}

function isInForce(certificate: X509Certificate, nowMs: number, marginMs: number): boolean {
  return certificate.validFromDate.getTime() <= nowMs && certificate.validToDate.getTime() - nowMs >= marginMs
}
