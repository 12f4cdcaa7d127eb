import { createPrivateKey, X509Certificate } from 'node:crypto'
import { chmod, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDirectory, writeFileAtomic, type Clock } from '@drowse/common'
import { issueAuthority, issueLeaf, leafNames, type IssuedCertificate } from './issue.ts'

const DAY_MS = 86_400_000
/** A leaf with less life left than this is made anew. */
const RENEW_LEAF_MS = 30 * DAY_MS
/** An authority with less life left than this, a leaf's whole life, is made anew. */
const RENEW_CA_MS = 400 * DAY_MS
/** Where Debian and Ubuntu keep the authorities that the system trusts. */
const SYSTEM_BUNDLE = '/etc/ssl/certs/ca-certificates.crt'

/** Settings of {@link ensureCertificates}. */
export interface CertificateOptions {
  /** Folder of `ca.pem`, `leaf.pem` and `bundle.pem`; made, and readable by all. */
  tlsDirectory: string
  /** Folder of `ca.key` and `leaf.key`; made, and readable by its owner only. */
  secretsDirectory: string
  domain: string
  clock: Clock
  /** The system's authorities, for the bundle; a missing file counts as empty. Default that of Debian. */
  systemBundle?: string
}

/** What the https door serves, and the files that clients trust. */
export interface Certificates {
  /** The leaf's private key, PEM. */
  key: string
  /** The leaf, PEM. */
  cert: string
  /** Our authority alone, for NODE_EXTRA_CA_CERTS. */
  caPath: string
  /** The system's authorities and ours, for SSL_CERT_FILE. */
  bundlePath: string
}

/**
 * Makes sure that a local authority and a leaf for `domain` exist, and renews what is missing, damaged, about to end or made for another domain.
 * What is good stays as it is, so that clients that trust the authority go on doing so. Safe to repeat; a crash in between is repaired by the next call.
 */
export async function ensureCertificates(options: CertificateOptions): Promise<Certificates> {
  const { tlsDirectory, secretsDirectory, domain } = options
  const nowMs = options.clock.nowMs()
  await ensureDirectory(secretsDirectory, 0o700)
  await chmod(secretsDirectory, 0o700)
  await ensureDirectory(tlsDirectory, 0o755)
  await chmod(tlsDirectory, 0o755)

  const caFiles = { cert: join(tlsDirectory, 'ca.pem'), key: join(secretsDirectory, 'ca.key') }
  const leafFiles = { cert: join(tlsDirectory, 'leaf.pem'), key: join(secretsDirectory, 'leaf.key') }
  const storedCa = await readPair(caFiles)
  const ca =
    storedCa !== undefined && isUsableAuthority(storedCa, domain, nowMs)
      ? storedCa
      : await writePair(caFiles, await issueAuthority(domain, nowMs))
  const storedLeaf = await readPair(leafFiles)
  const leaf =
    storedLeaf !== undefined && isUsableLeaf(storedLeaf, ca, domain, nowMs)
      ? storedLeaf
      : await writePair(leafFiles, await issueLeaf(ca, domain, nowMs))

  const bundlePath = join(tlsDirectory, 'bundle.pem')
  const system = (await readText(options.systemBundle ?? SYSTEM_BUNDLE)) ?? ''
  await writeIfChanged(bundlePath, `${system.trimEnd()}\n${ca.cert}`.trimStart())
  return { key: leaf.key, cert: leaf.cert, caPath: caFiles.cert, bundlePath }
}

function isUsableAuthority(pair: IssuedCertificate, domain: string, nowMs: number): boolean {
  return isMatching(pair, (certificate) => {
    // The constraints are in the certificate only as bytes; the name tells which domain they were made for.
    const isForDomain = certificate.subject.split('\n').includes(`CN=Drowse local authority for ${domain}`)
    return certificate.ca && isForDomain && isInForce(certificate, nowMs, RENEW_CA_MS)
  })
}

function isUsableLeaf(pair: IssuedCertificate, ca: IssuedCertificate, domain: string, nowMs: number): boolean {
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
function isMatching(pair: IssuedCertificate, check: (certificate: X509Certificate) => boolean): boolean {
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

/** Paths of a certificate and its key. */
interface PairFiles {
  cert: string
  key: string
}

async function readPair(files: PairFiles): Promise<IssuedCertificate | undefined> {
  const cert = await readText(files.cert)
  const key = await readText(files.key)
  return cert === undefined || key === undefined ? undefined : { cert, key }
}

async function writePair(files: PairFiles, pair: IssuedCertificate): Promise<IssuedCertificate> {
  await writeFileAtomic(files.key, pair.key, 0o600)
  await writePublic(files.cert, pair.cert)
  return pair
}

async function writeIfChanged(path: string, text: string): Promise<void> {
  if ((await readText(path)) !== text) await writePublic(path, text)
}

async function writePublic(path: string, text: string): Promise<void> {
  await writeFileAtomic(path, text, 0o644)
  // The mode that a file is made with is narrowed by the process's umask.
  await chmod(path, 0o644)
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
