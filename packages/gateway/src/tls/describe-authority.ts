import { X509Certificate } from 'node:crypto'
import { readPermittedNames } from '@drowse/certificates'

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
  const certificate = new X509Certificate(pem)
  return {
    subject: certificate.subject.split('\n').join(', '),
    fingerprint: certificate.fingerprint256,
    validFromMs: certificate.validFromDate.getTime(),
    validToMs: certificate.validToDate.getTime(),
    permitted: readPermittedNames(certificate.raw),
    count: pem.match(/-----BEGIN CERTIFICATE-----/g)?.length ?? 0,
  }
}
