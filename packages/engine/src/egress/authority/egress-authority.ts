import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { CertificatePair } from '@drowse/certificates'
import { readIfThere, writeFileAtomic } from '@drowse/common'

const DAY_MS = 86_400_000
/** An authority with less life left than this is made anew; guests learn of it at their next wake. */
const RENEW_MS = 400 * DAY_MS
/** Age at which a leaf is made again. */
const LEAF_MS = DAY_MS
const LEAF_LIFE_MS = 7 * DAY_MS
/** Names whose leaves are kept. */
const MAX_LEAVES = 1_000

/** The authority that speaks TLS, to guests that trust it, for the names whose requests get headers. */
export interface EgressAuthority {
  /** Its certificate, PEM: what guests are given to trust. */
  cert: string
  /** What a TLS server for `name` needs. */
  contextFor(name: string): Promise<SecureContext>
}

/**
 * Opens the installation's egress authority from the file at `path`, root-only, that holds both its key and its certificate; one that is
 * missing, damaged or about to end is made anew.
 */
export async function openEgressAuthority(path: string): Promise<EgressAuthority> {
  // Loaded here only: commands that make no certificate need not wait for it.
  const { issueAuthority, issueServerCertificate } = await import('@drowse/certificates')
  const stored = await readPair(path)
  // It may sign for every name: which ones it does sign for is up to the rules of sandboxes.
  const made = (): Promise<CertificatePair> =>
    issueAuthority({ commonName: 'Drowse egress authority', nowMs: Date.now() })
  const pair = stored !== undefined && isUsable(stored) ? stored : await made()
  if (pair !== stored) await writeFileAtomic(path, `${pair.key}${pair.cert}`, 0o600)
  const leaves = new Map<string, { sinceMs: number; context: Promise<SecureContext> }>()
  return {
    cert: pair.cert,
    async contextFor(name) {
      const known = leaves.get(name)
      if (known !== undefined && Date.now() - known.sinceMs < LEAF_MS) return await known.context
      const request = { commonName: 'Drowse egress', dns: [name], lifeMs: LEAF_LIFE_MS, nowMs: Date.now() }
      const context = issueServerCertificate(pair, request).then((leaf) => createSecureContext(leaf))
      const [oldest] = leaves.keys()
      if (leaves.size >= MAX_LEAVES && oldest !== undefined) leaves.delete(oldest)
      leaves.delete(name)
      leaves.set(name, { sinceMs: Date.now(), context })
      context.catch(() => leaves.delete(name))
      return await context
    },
  }
}

async function readPair(path: string): Promise<CertificatePair | undefined> {
  const text = (await readIfThere(path)) ?? ''
  const at = text.indexOf('-----BEGIN CERTIFICATE-----')
  return at < 0 ? undefined : { key: text.slice(0, at), cert: text.slice(at) }
}

function isUsable({ cert, key }: CertificatePair): boolean {
  try {
    const certificate = new X509Certificate(cert)
    const leftMs = certificate.validToDate.getTime() - Date.now()
    return certificate.ca && certificate.checkPrivateKey(createPrivateKey(key)) && leftMs > RENEW_MS
  } catch {
    return false
  }
}
