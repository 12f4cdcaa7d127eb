import { z } from 'zod'
import type { SandboxNetwork } from '../../sandboxes/sandbox.ts'

/** A host with an optional port, once `${PORT}` is filled in. */
const HOST = /^[a-z0-9]([a-z0-9.-]{0,252})(:\d{1,5})?$/i

const empty = z.union([z.array(z.unknown()).length(0), z.record(z.string(), z.unknown()).refine(isEmpty)])

/**
 * `network` of a create or connect. Rules for outgoing traffic are refused, as ignoring one would leave open what its
 * author meant to close; empty ones say nothing and pass.
 */
export const networkSchema = z.object({
  allowPublicTraffic: z.boolean().nullish(),
  maskRequestHost: z
    .string()
    .refine(
      (text) => HOST.test(text.replaceAll('${PORT}', '8080')),
      'network.maskRequestHost must be a host name, with "${PORT}" for the port',
    )
    .nullish(),
  allowOut: unsupported('allowOut'),
  denyOut: unsupported('denyOut'),
  rules: unsupported('rules'),
  egressProxy: unsupported('egressProxy'),
  httpsPorts: unsupported('httpsPorts'),
  dnsServers: z.null('network.dnsServers is not supported yet; leave it out').optional(),
})

/** The settings of a checked `network` that are kept. */
export function keptNetwork(network: z.infer<typeof networkSchema> | undefined): SandboxNetwork {
  return {
    ...(typeof network?.allowPublicTraffic === 'boolean' ? { allowPublicTraffic: network.allowPublicTraffic } : {}),
    ...(typeof network?.maskRequestHost === 'string' ? { maskRequestHost: network.maskRequestHost } : {}),
  }
}

function unsupported(name: string): z.ZodOptional<z.ZodUnknown> {
  return z
    .unknown()
    .refine(
      (value) => value === null || empty.safeParse(value).success,
      `network.${name} is not supported yet; leave it out`,
    )
    .optional()
}

function isEmpty(value: object): boolean {
  return Object.keys(value).length === 0
}
