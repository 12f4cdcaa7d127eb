import { isIPv4 } from 'node:net'
import { DrowseError, ENVD_PORT } from '@drowse/protocol'
import { z } from 'zod'
import { ingressOf, type EgressSettings, type SandboxNetwork } from '../../sandboxes/network.ts'
import { isAddressBlock, isDomainPattern, isHostAndPort } from '../../sandboxes/network-address.ts'
import { withoutNulls } from './without-nulls.ts'

/** A host with an optional port, once `${PORT}` is filled in. */
const HOST = /^[a-z0-9]([a-z0-9.-]{0,252})(:\d{1,5})?$/i
/** An HTTP header's name, and a value that ends no line. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]{1,256}$/i
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]{0,8192}$/
/** Headers that say where a message ends or whom it is for; a rule for one would let a guest read more than its own answers. */
const FRAMING: ReadonlySet<string> = new Set(
  'connection content-length expect host keep-alive proxy-authorization proxy-connection te trailer transfer-encoding upgrade'.split(
    ' ',
  ),
)
/** Begins what an SDK writes for a token that only E2B's own identity service could fill in. */
const IDENTITY_PLACEHOLDER = '${e2b.identity.'
/** The block that stands for all that leaves a sandbox: no IPv6 does. */
const EVERYWHERE = '0.0.0.0/0'

function framingOf(headers: object): string | undefined {
  return Object.keys(headers).find((name) => FRAMING.has(name.toLowerCase()))
}

const MAX_DESTINATIONS = 1_000
/** Limits of E2B's API (wire.md §7, wire-drift.md §1). */
const MAX_RULES = 10
const MAX_DNS_SERVERS = 10
/** Of SOCKS5, in bytes (RFC 1929). */
const MAX_CREDENTIAL = 255

const denied = z.string().refine(isAddressBlock, { error: ({ input }) => `invalid denied CIDR ${String(input)}` })
const allowed = z.string().refine((text) => isAddressBlock(text) || isDomainPattern(text), {
  error: ({ input }) => `invalid allowed destination ${String(input)}`,
})
const destinations = (entry: typeof denied): z.ZodArray<typeof denied> =>
  z.array(entry).max(MAX_DESTINATIONS, `A list of destinations may have ${MAX_DESTINATIONS} entries at most`)

const headers = z
  .record(
    z.string().regex(HEADER_NAME, 'network.rules: a header name is not valid'),
    z
      .string()
      .regex(HEADER_VALUE, 'network.rules: a header value is not valid')
      .refine((value) => !value.includes(IDENTITY_PLACEHOLDER), 'network.rules: identity tokens are not supported yet'),
  )
  .refine((given) => framingOf(given) === undefined, {
    error: ({ input }) => `network.rules cannot set the header ${framingOf(input as object)}`,
  })
const rule = z.object({ transform: z.object({ headers: headers.optional() }).optional() })
const rules = z
  .record(z.string(), z.array(rule))
  .refine((given) => Object.keys(given).length <= MAX_RULES, `network.rules may name ${MAX_RULES} domains at most`)
  .refine(
    (given) => Object.keys(given).every(isDomainPattern),
    'network.rules must be given by domain names; "*." may come before one',
  )
  .transform((given) => Object.fromEntries(Object.entries(given).map(([name, list]) => [name.toLowerCase(), list])))

const credential = z
  .string()
  .refine((text) => Buffer.byteLength(text) <= MAX_CREDENTIAL, `network.egressProxy: at most ${MAX_CREDENTIAL} bytes`)
const egressProxy = withoutNulls(
  z.object({
    address: z
      .string('network.egressProxy.address must be host:port')
      .refine(isHostAndPort, 'network.egressProxy.address must be host:port'),
    username: credential.optional(),
    password: credential.optional(),
    tls: withoutNulls(
      z.object({ enabled: z.boolean(), serverName: z.string().max(253).optional(), caCert: z.string().optional() }),
    ).optional(),
  }),
)

/** Fields for outgoing traffic, as create and update have them. */
export const egressFields = {
  allowOut: destinations(allowed).optional(),
  denyOut: destinations(denied).optional(),
  rules: rules.optional(),
  egressProxy: egressProxy.optional(),
  dnsServers: z
    .array(z.string().refine(isIPv4, 'network.dnsServers must be IPv4 addresses'))
    .max(MAX_DNS_SERVERS, `network.dnsServers may have ${MAX_DNS_SERVERS} entries at most`)
    .optional(),
}

const egressObject = z.object(egressFields)

/** `network` of a create or connect; what is null is absent. */
export const networkSchema = withoutNulls(
  z.object({
    allowPublicTraffic: z.boolean().optional(),
    maskRequestHost: z
      .string()
      .refine(
        (text) => HOST.test(text.replaceAll('${PORT}', '8080')),
        'network.maskRequestHost must be a host name, with "${PORT}" for the port',
      )
      .optional(),
    httpsPorts: z
      .array(z.int().min(1).max(65_535))
      .refine((ports) => !ports.includes(ENVD_PORT), `network.httpsPorts must not hold ${ENVD_PORT}`)
      .optional(),
    ...egressFields,
  }),
)

/** The settings of a checked `network` as they are kept. */
export function keptNetwork(network: z.infer<typeof networkSchema> | undefined): SandboxNetwork {
  return network === undefined ? {} : { ...ingressOf(network as SandboxNetwork), ...keptEgress(network) }
}

/** The settings for outgoing traffic as they are kept; empty lists say nothing, but for name servers. */
export function keptEgress(given: z.infer<typeof egressObject>): EgressSettings {
  const { allowOut = [], denyOut = [], rules: byDomain = {}, egressProxy: proxy, dnsServers } = given
  // Zod makes absent fields `undefined`; JSON of the store leaves those out.
  const kept = {
    ...(allowOut.length === 0 ? {} : { allowOut }),
    ...(denyOut.length === 0 ? {} : { denyOut }),
    ...(Object.keys(byDomain).length === 0 ? {} : { rules: byDomain }),
    ...(proxy === undefined ? {} : { egressProxy: proxy }),
    ...(dnsServers === undefined ? {} : { dnsServers }),
  }
  return kept as EgressSettings
}

/** Throws "invalid_argument" for settings for outgoing traffic that contradict each other. */
export function checkEgress(egress: EgressSettings, allowInternetAccess: boolean | undefined): void {
  checkDomainsMatter(egress, allowInternetAccess)
  const { egressProxy: proxy } = egress
  if (proxy?.password === undefined || proxy.username !== undefined) return
  throw new DrowseError('invalid_argument', 'network.egressProxy.password requires network.egressProxy.username')
}

/** Domain names allow nothing new while nothing is denied: whoever gives them means to close the rest. */
function checkDomainsMatter(egress: EgressSettings, allowInternetAccess: boolean | undefined): void {
  const { allowOut = [], denyOut = [] } = egress
  const isClosed = allowInternetAccess === false || denyOut.includes(EVERYWHERE)
  if (isClosed || allowOut.every(isAddressBlock)) return
  throw new DrowseError(
    'invalid_argument',
    'Domain names in allowOut require denyOut to include "0.0.0.0/0": without it everything is allowed',
  )
}
