import { X509Certificate } from 'node:crypto'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDirectory, readIfThere, writeFileAtomic, type Clock } from '@drowse/common'
import type { CertificatePair } from '@drowse/certificates'
import type { CertificateFiles } from './served-certificate.ts'

/** Where Debian and Ubuntu keep the authorities that the system trusts. */
const SYSTEM_BUNDLE = '/etc/ssl/certs/ca-certificates.crt'

/** Settings of the local authority and its leaf. */
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
  /** Files that `cert` and `key` are in. */
  files: CertificateFiles
  /** Our authority, for NODE_EXTRA_CA_CERTS; while it is being replaced also the old one, behind the new. */
  caPath: string
  /** The system's authorities and ours, for SSL_CERT_FILE. */
  bundlePath: string
}

/** What is served and trusted, of the leaf that is in force. */
export function certificates({ leaf, ca, bundle }: CertificatePlaces, { key, cert }: CertificatePair): Certificates {
  return { key, cert, files: { certPath: leaf.cert, keyPath: leaf.key }, caPath: ca.cert, bundlePath: bundle }
}

/** Where each file is. */
export interface CertificatePlaces {
  ca: PairFiles
  leaf: PairFiles
  bundle: string
  rotation: string
}

/** Makes the folders, and says where in them each file is. */
export async function certificatePlaces({
  tlsDirectory,
  secretsDirectory,
}: CertificateOptions): Promise<CertificatePlaces> {
  await ensureDirectory(secretsDirectory, 0o700)
  await chmod(secretsDirectory, 0o700)
  await ensureDirectory(tlsDirectory, 0o755)
  await chmod(tlsDirectory, 0o755)
  return {
    ca: { cert: join(tlsDirectory, 'ca.pem'), key: join(secretsDirectory, 'ca.key') },
    leaf: { cert: join(tlsDirectory, 'leaf.pem'), key: join(secretsDirectory, 'leaf.key') },
    bundle: join(tlsDirectory, 'bundle.pem'),
    rotation: join(secretsDirectory, 'rotation.json'),
  }
}

/** Writes the bundle of the system's authorities and ours, when it is not so already. */
export async function writeBundle(
  options: CertificateOptions,
  files: CertificatePlaces,
  authorities: string,
): Promise<void> {
  const system = (await readIfThere(options.systemBundle ?? SYSTEM_BUNDLE)) ?? ''
  await writeIfChanged(files.bundle, `${system.trimEnd()}\n${authorities}`.trimStart())
}

/** The first certificate of a file, PEM; empty when there is none that can be read. */
export async function firstCertificate(path: string): Promise<string> {
  try {
    return new X509Certificate((await readIfThere(path)) ?? '').toString()
  } catch {
    return ''
  }
}

/** Paths of a certificate and its key. */
export interface PairFiles {
  cert: string
  key: string
}

/** Reads a certificate and its key, unchecked; `undefined` when one is missing. */
export async function readPair(files: PairFiles): Promise<CertificatePair | undefined> {
  const cert = await readIfThere(files.cert)
  const key = await readIfThere(files.key)
  return cert === undefined || key === undefined ? undefined : { cert, key }
}

/** Writes a certificate and its key, the key first; a crash between the two leaves a pair that does not match. */
export async function writePair(files: PairFiles, pair: CertificatePair): Promise<CertificatePair> {
  await writeFileAtomic(files.key, pair.key, 0o600)
  await writePublic(files.cert, pair.cert)
  return pair
}

async function writeIfChanged(path: string, text: string): Promise<void> {
  if ((await readIfThere(path)) !== text) await writePublic(path, text)
}

/** Writes a file for all to read. */
export async function writePublic(path: string, text: string): Promise<void> {
  await writeFileAtomic(path, text, 0o644)
  // The mode that a file is made with is narrowed by the process's umask.
  await chmod(path, 0o644)
}
