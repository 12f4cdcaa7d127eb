// @peculiar/x509 needs the metadata polyfill loaded before it.
import 'reflect-metadata'
import { X509Certificate as NodeCertificate } from 'node:crypto'
import { X509Certificate } from '@peculiar/x509'
import { NAME_CONSTRAINTS_OID, permittedNames } from './name-constraints.ts'

/** What a person compares of an authority. */
export interface AuthorityFacts {
  /** As in a list of authorities: `O=Drowse, CN=…`. */
  subject: string
  /** SHA-256, in pairs of hexadecimal digits. */
  fingerprint: string
  validFromMs: number
  validToMs: number
  /** Names (with all below them) and addresses that it can sign for; `undefined` when it has no such limit. */
  permitted: string[] | undefined
  /** Every certificate in the text, the described one first: more than one while an authority is being replaced. */
  count: number
}

/** Describes the first certificate of a PEM text. Throws when there is none that can be read. */
export function describeAuthority(pem: string): AuthorityFacts {
  const certificate = new NodeCertificate(pem)
  const extension = new X509Certificate(certificate.raw).getExtension(NAME_CONSTRAINTS_OID)
  return {
    subject: certificate.subject.split('\n').join(', '),
    fingerprint: certificate.fingerprint256,
    validFromMs: certificate.validFromDate.getTime(),
    validToMs: certificate.validToDate.getTime(),
    permitted: extension === null ? undefined : permittedNames(new Uint8Array(extension.value)),
    count: pem.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0,
  }
}
