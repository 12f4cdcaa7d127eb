// @peculiar/x509 needs the metadata polyfill loaded before it.
import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  AuthorityKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  type JsonName,
} from '@peculiar/x509'
import { nameConstraints, type PermittedNames } from './name-constraints.ts'

const DAY_MS = 86_400_000
/** Validity before now, for those whose clock is behind. */
const BACKDATE_MS = DAY_MS
/** Life of an authority: ten years. */
const AUTHORITY_LIFE_MS = 3_650 * DAY_MS

const KEY = { name: 'ECDSA', namedCurve: 'P-256' }
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' }

/** A certificate and its private key (PKCS #8), PEM. */
export interface CertificatePair {
  cert: string
  key: string
}

/** What an authority is to be. */
export interface AuthorityRequest {
  /** At most 64 characters. */
  commonName: string
  /** What it can sign for; every name when absent. */
  permitted?: PermittedNames
  nowMs: number
}

/** What a server's certificate is to be. */
export interface ServerCertificateRequest {
  /** At most 64 characters. It names no server: `dns` and `addresses` do. */
  commonName: string
  dns: readonly string[]
  addresses?: readonly string[]
  /** From `nowMs` on; it is valid a day before that too. */
  lifeMs: number
  nowMs: number
}

/** Makes a certificate authority that lives for ten years. */
export async function issueAuthority({ commonName, permitted, nowMs }: AuthorityRequest): Promise<CertificatePair> {
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: distinguishedName(commonName),
    ...validity(nowMs, AUTHORITY_LIFE_MS),
    keys,
    signingAlgorithm: SIGNATURE,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...(permitted === undefined ? [] : [nameConstraints(permitted)]),
    ],
  })
  return { cert: pem(certificate), key: await keyPem(keys.privateKey) }
}

/** Signs a server's certificate. */
export async function issueServerCertificate(
  authority: CertificatePair,
  { commonName, dns, addresses = [], lifeMs, nowMs }: ServerCertificateRequest,
): Promise<CertificatePair> {
  const issuer = new X509Certificate(authority.cert)
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify'])
  const certificate = await X509CertificateGenerator.create({
    subject: distinguishedName(commonName),
    issuer: issuer.subjectName,
    ...validity(nowMs, lifeMs),
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
        ...dns.map((value) => ({ type: 'dns' as const, value })),
        ...addresses.map((value) => ({ type: 'ip' as const, value })),
      ]),
    ],
  })
  return { cert: pem(certificate), key: await keyPem(keys.privateKey) }
}

function distinguishedName(commonName: string): JsonName {
  return [{ O: ['Drowse'] }, { CN: [commonName] }]
}

function validity(nowMs: number, lifeMs: number): { notBefore: Date; notAfter: Date } {
  return { notBefore: new Date(nowMs - BACKDATE_MS), notAfter: new Date(nowMs + lifeMs) }
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
