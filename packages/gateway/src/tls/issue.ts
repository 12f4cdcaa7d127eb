// @peculiar/x509 needs the metadata polyfill loaded before it.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { nameConstraints } from './name-constraints.ts'

const DAY_MS = 86_400_000
/** Validity before now, for clients whose clock is behind. */
const BACKDATE_MS = DAY_MS
/** Life of the authority: ten years. */
const CA_LIFE_MS = 3_650 * DAY_MS
/** Life of a leaf; with the backdating under the 397 days that clients accept. */
const LEAF_LIFE_MS = 395 * DAY_MS

const KEY = { name: 'ECDSA', namedCurve: 'P-256' }
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' }
const LOOPBACK_NAMES = ['localhost']
const LOOPBACK_ADDRESSES = ['127.0.0.1', '::1']
const LOOPBACK_BYTES = [Uint8Array.of(127, 0, 0, 1), Uint8Array.of(...Array<number>(15).fill(0), 1)]

/** A certificate and its private key (PKCS #8), PEM. */
export interface IssuedCertificate {
  cert: string
  key: string
}

/** The names that a leaf for `domain` covers. */
export function leafNames(domain: string): { dns: string[]; addresses: string[] } {
  return { dns: [domain, `*.${domain}`, ...LOOPBACK_NAMES], addresses: LOOPBACK_ADDRESSES }
}

/** Makes a certificate authority that can sign for `domain`, what is below it, and loopback, and for nothing else. */
export async function issueAuthority(domain: string, nowMs: number): Promise<IssuedCertificate> {
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    // The name tells authorities of two installations, or of two domains, apart in a list.
    name: [{ O: ['Drowse'] }, { CN: [`Drowse local authority for ${domain}`] }],
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + CA_LIFE_MS),
    keys,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      nameConstraints([domain, ...LOOPBACK_NAMES], LOOPBACK_BYTES),
    ],
  })
  return { cert: pem(certificate), key: await keyPem(keys.privateKey) }
}

/** Signs a server certificate for `domain`, `*.<domain>` and loopback. */
export async function issueLeaf(
  authority: IssuedCertificate,
  domain: string,
  nowMs: number,
): Promise<IssuedCertificate> {
  const issuer = new X509Certificate(authority.cert)
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify'])
  const names = leafNames(domain)
  const certificate = await X509CertificateGenerator.create({
    subject: [{ O: ['Drowse'] }, { CN: ['Drowse gateway'] }],
    issuer: issuer.subjectName,
    notBefore: new Date(nowMs - BACKDATE_MS),
    notAfter: new Date(nowMs + LEAF_LIFE_MS),
    publicKey: keys.publicKey,
    signingKey: await importKey(authority.key),
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      await AuthorityKeyIdentifierExtension.create(issuer),
      new SubjectAlternativeNameExtension([
        ...names.dns.map((value) => ({ type: 'dns' as const, value })),
        ...names.addresses.map((value) => ({ type: 'ip' as const, value })),
      ]),
    ],
  })
  return { cert: pem(certificate), key: await keyPem(keys.privateKey) }
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64')
  return `-----BEGIN PRIVATE KEY-----\n${der.replaceAll(/(.{64})(?=.)/g, '$1\n')}\n-----END PRIVATE KEY-----\n`
}

async function importKey(text: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(text.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
  return webcrypto.subtle.importKey('pkcs8', der, KEY, false, ['sign'])
}
