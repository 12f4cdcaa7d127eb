import { z } from 'zod'
import type { SandboxNetwork } from '../../sandboxes/network.ts'

/** `network` as get shows it. A proxy's password and authority are never shown; headers are, as clients' types have it, to who has an API key. */
export const networkResponse = z.object({
  allowPublicTraffic: z.boolean().optional(),
  maskRequestHost: z.string().optional(),
  httpsPorts: z.array(z.number()).optional(),
  allowOut: z.array(z.string()).optional(),
  denyOut: z.array(z.string()).optional(),
  rules: z
    .record(
      z.string(),
      z.array(z.object({ transform: z.object({ headers: z.record(z.string(), z.string()).optional() }).optional() })),
    )
    .optional(),
  egressProxy: z
    .object({
      address: z.string(),
      username: z.string().optional(),
      tls: z.object({ enabled: z.boolean(), serverName: z.string().optional() }).optional(),
    })
    .optional(),
  dnsServers: z.array(z.string()).optional(),
})

/** The settings as clients read them. */
export function presentNetwork(network: SandboxNetwork): z.infer<typeof networkResponse> {
  // The schema leaves out what it does not name, the password for one.
  return networkResponse.parse(network)
}
