import { Extension } from '@peculiar/x509'

const NAME_CONSTRAINTS_OID = '2.5.29.30'
/** DER tags: SEQUENCE, permittedSubtrees [0], and the dNSName [2] and iPAddress [7] of a GeneralName (RFC 5280 §4.2.1.10). */
const TAG = { sequence: 0x30, permitted: 0xa0, dnsName: 0x82, ipAddress: 0x87 }

/**
 * The critical extension that limits an authority to some DNS names with all below them, and to single addresses (bytes), so that
 * its stolen key opens no other site to whoever trusts it.
 */
export function nameConstraints(dnsNames: readonly string[], addresses: readonly Uint8Array[]): Extension {
  const names = dnsNames.map((name) => der(TAG.dnsName, new TextEncoder().encode(name)))
  const ranges = addresses.map((address) =>
    der(TAG.ipAddress, Buffer.concat([address, new Uint8Array(address.length).fill(0xff)])),
  )
  const subtrees = [...names, ...ranges].map((base) => der(TAG.sequence, base))
  return new Extension(NAME_CONSTRAINTS_OID, true, der(TAG.sequence, der(TAG.permitted, Buffer.concat(subtrees))))
}

function der(tag: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = content
  const header =
    length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff]
  return Uint8Array.from([...header, ...content])
}
