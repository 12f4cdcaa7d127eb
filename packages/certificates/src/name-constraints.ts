// @peculiar/x509 needs the metadata polyfill loaded before it.
import 'reflect-metadata'
import { Extension, X509Certificate } from '@peculiar/x509'

const NAME_CONSTRAINTS_OID = '2.5.29.30'
/** DER tags: SEQUENCE, permittedSubtrees [0], and the dNSName [2] and iPAddress [7] of a GeneralName (RFC 5280 §4.2.1.10). */
const TAG = { sequence: 0x30, permitted: 0xa0, dnsName: 0x82, ipAddress: 0x87 }

/** What an authority can sign for. */
export interface PermittedNames {
  /** Names, each with all below it. */
  dns: readonly string[]
  /** Single addresses: their 4 or 16 bytes. */
  addresses: readonly Uint8Array[]
}

/**
 * The critical extension that limits an authority to some DNS names with all below them, and to single addresses (bytes), so that
 * its stolen key opens no other site to whoever trusts it.
 */
export function nameConstraints({ dns, addresses }: PermittedNames): Extension {
  const names = dns.map((name) => der(TAG.dnsName, new TextEncoder().encode(name)))
  const ranges = addresses.map((address) =>
    der(TAG.ipAddress, Buffer.concat([address, new Uint8Array(address.length).fill(0xff)])),
  )
  const subtrees = [...names, ...ranges].map((base) => der(TAG.sequence, base))
  return new Extension(NAME_CONSTRAINTS_OID, true, der(TAG.sequence, der(TAG.permitted, Buffer.concat(subtrees))))
}

/**
 * The names and addresses, as text, that an authority (its certificate, DER) can sign for, when {@link nameConstraints} made its limit; `undefined`
 * when it has none. Throws when the limit is of another shape.
 */
export function readPermittedNames(certificate: Uint8Array<ArrayBuffer>): string[] | undefined {
  const extension = new X509Certificate(certificate).getExtension(NAME_CONSTRAINTS_OID)
  return extension === null ? undefined : permittedNames(new Uint8Array(extension.value))
}

function permittedNames(extension: Uint8Array): string[] {
  const [outer] = readDer(extension)
  const [permitted] = readDer(outer?.content ?? Uint8Array.of())
  if (outer?.tag !== TAG.sequence || permitted?.tag !== TAG.permitted) throw new Error('Not name constraints')
  return readDer(permitted.content).map(({ content }) => {
    const [base] = readDer(content)
    if (base?.tag === TAG.dnsName) return new TextDecoder().decode(base.content)
    if (base?.tag === TAG.ipAddress) return addressText(base.content.subarray(0, base.content.length / 2))
    throw new Error('Not a name or an address')
  })
}

function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, i) =>
    (((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0)).toString(16),
  )
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1) // shortens zeros
}

/** The values that stand one behind another; as {@link der} writes them. */
function readDer(bytes: Uint8Array): { tag: number; content: Uint8Array }[] {
  const values: { tag: number; content: Uint8Array }[] = []
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at + 1] ?? 0
    const lengthBytes = first > 0x80 ? first - 0x80 : 0
    const start = at + 2 + lengthBytes
    const length = lengthBytes === 0 ? first : bytes.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0)
    if (start + length > bytes.length) throw new Error('Cut short')
    values.push({ tag: bytes[at] ?? 0, content: bytes.subarray(start, start + length) })
    at = start + length
  }
  return values
}

function der(tag: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = content
  const header =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff]
  return Uint8Array.from([...header, ...content])
}
