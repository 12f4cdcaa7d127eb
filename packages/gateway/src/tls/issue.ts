import { issueAuthority as issue, issueServerCertificate, type CertificatePair } from '@drowse/certificates'

/** Life of a leaf, in ms; with the day before its beginning under the 397 days that clients accept. */
const LEAF_LIFE_MS = 395 * 86_400_000

const LOOPBACK_NAMES = ['localhost']
const LOOPBACK_ADDRESSES = ['127.0.0.1', '::1']
const LOOPBACK_BYTES = [Uint8Array.of(127, 0, 0, 1), Uint8Array.of(...Array<number>(15).fill(0), 1)]

/** The names that a leaf for `domain` covers. */
export function leafNames(domain: string): { dns: string[]; addresses: string[] } {
  return { dns: [domain, `*.${domain}`, ...LOOPBACK_NAMES], addresses: LOOPBACK_ADDRESSES }
}

/** Makes a certificate authority that can sign for `domain`, what is below it, and loopback, and for nothing else. */
export async function issueAuthority(domain: string, nowMs: number): Promise<CertificatePair> {
  return await issue({
    // The name tells authorities of two installations, or of two domains, apart in a list.
    commonName: `Drowse local authority for ${domain}`,
    permitted: { dns: [domain, ...LOOPBACK_NAMES], addresses: LOOPBACK_BYTES },
    nowMs,
  })
}

/** Signs a server certificate for `domain`, `*.<domain>` and loopback. */
export async function issueLeaf(authority: CertificatePair, domain: string, nowMs: number): Promise<CertificatePair> {
  const names = leafNames(domain)
  return await issueServerCertificate(authority, {
    commonName: 'Drowse gateway',
    ...names,
    lifeMs: LEAF_LIFE_MS,
    nowMs,
  })
}
