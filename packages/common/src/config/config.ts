import { z } from 'zod'
import { isAddressAndPort } from './address-and-port.ts'

/** Settings of one installation. Every field has a `DROWSE_*` variable (see `env.ts`) and a key in `<data>/drowse.json`. */
export const configSchema = z.strictObject({
  /** Folder that holds all state. */
  dataDirectory: z.string().startsWith('/').default('/var/lib/drowse'),
  /** Addresses that both doors listen on. Loopback unless changed. */
  bindAddresses: z.array(z.string().min(1)).min(1).default(['127.0.0.1', '::1']),
  /** Port of the plain http door: API, and sandbox traffic routed by header. 0 takes a free one. */
  httpPort: z.int().min(0).max(65_535).default(3210),
  /** Port of the https door: `api.<domain>` and `<port>-<id>.<domain>`. 0 takes a free one. */
  httpsPort: z.int().min(0).max(65_535).default(3443),
  /** Port of the SSH door, on the same addresses; unset, there is none. 0 takes a free one. */
  sshPort: z.int().min(0).max(65_535).optional(),
  /** Name under which sandboxes are reached over https, without port. */
  domain: z
    .string()
    .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/)
    .default('drowse.localhost'),
  /** Your own certificate for `<domain>`, `api.<domain>` and `*.<domain>`, PEM with the chain; looked at again every 2 s. Goes with `tlsKeyFile`. */
  tlsCertFile: z.string().startsWith('/').optional(),
  /** Private key of `tlsCertFile`, PEM. */
  tlsKeyFile: z.string().startsWith('/').optional(),
  /** How many proxies of your own stand before the doors; what they add to X-Forwarded-* is believed, and nothing else. */
  trustedHops: z.int().min(0).max(10).default(0),
  /** What all clients together may have open at the doors: connections, and the requests inside those of HTTP/2; 0 as many as the process may have files for. */
  clientConnections: z.int().min(0).default(20_000),
  /** Requests, streams and WebSockets that one sandbox may have open at once, the daemon's port apart from the others; 0 sets no bound. */
  sandboxConnections: z.int().min(0).default(2_000),
  /** Requests that one sandbox may get in a second, the daemon's port apart from the others; 0 sets no bound. */
  sandboxRequestsPerSecond: z.int().min(0).default(5_000),
  /** Connections out, UDP's included, that one sandbox may have at the same time; one more is refused. 0 sets no bound. */
  sandboxConnectionsOut: z.int().min(0).max(65_535).default(2_000),
  /** Bandwidth of one sandbox's connections out, in each direction, in Mbit/s; 0 sets no bound. */
  sandboxBandwidthMbit: z.number().min(0).max(100_000).default(0),
  /** IPv4 network that sandboxes get their addresses from; each takes a /30. Must not be in use on the host. */
  sandboxSubnet: z
    .string()
    .regex(/^\d+\.\d+\.\d+\.\d+\/(1[2-9]|2[0-8])$/)
    .default('10.231.0.0/16'),
  /** Name servers inside sandboxes; empty takes the host's own. */
  nameservers: z.array(z.ipv4()).default([]),
  /** More authorities, PEM, that servers may be of to which sandboxes' requests get headers (`network.rules`); beside the system's. */
  egressCaFile: z.string().startsWith('/').optional(),
  /** Private addresses at which a sandbox's owner may have a proxy (`network.egressProxy`): `a.b.c.d:port`, or `a.b.c.d/n:port` for a network of them. */
  egressProxies: z.array(z.string().refine(isAddressAndPort, 'want a.b.c.d:port or a.b.c.d/n:port')).default([]),
  /** Memory of a sandbox of the base template, in MiB. */
  memoryMb: z.int().min(128).default(1024),
  /** CPUs of a sandbox of the base template. */
  cpuCount: z.number().min(0.1).default(2),
  /** Longest continuous run of a sandbox, in hours; longer timeouts are refused (wire.md §5.4). */
  maxTimeoutHours: z
    .number()
    .positive()
    .max(24 * 365)
    .default(24),
  /** Memory that paused and pooled sandboxes may keep while they are frozen, in MiB; 0 keeps none. Default: a quarter of the host's. */
  frozenMemoryMb: z.int().min(0).optional(),
  /** Longest time that a paused sandbox stays frozen before it is only on disk, in minutes. */
  frozenMinutes: z
    .number()
    .positive()
    .max(60 * 24 * 365)
    .default(30),
  /** How often the host's memory may be promised: sum of the limits of running sandboxes, as a ratio. A sandbox seldom uses its limit. */
  memoryOvercommit: z.number().positive().default(4),
  /** How often the host's CPUs may be promised: sum of the limits of running sandboxes, as a ratio. Most sandboxes wait most of the time. */
  cpuOvercommit: z.number().positive().default(16),
  /** Sandboxes that are made ahead for each template in use; a create takes one. 0 makes none. */
  poolSize: z.int().min(0).max(100).default(2),
  /** About how often saved memory that rests is read and compared with its hashes, in hours; 0 for never. */
  imageCheckHours: z
    .number()
    .min(0)
    .max(24 * 365)
    .default(24),
  /** Containers that are made ahead for the wake of sandboxes that are only on disk, those that were paused last. 0 makes none. */
  readyContainers: z.int().min(0).max(1000).default(4),
  /** Templates that `up` has built behind, in a process of their own, after the service is up. */
  backgroundTemplates: z.array(z.string().regex(/^[a-z0-9][a-z0-9._-]*$/)).default(['code-interpreter-v1']),
  /** Folder of gVisor releases that `up` fetches runsc from before it builds one; `none` builds at once. */
  runscReleaseUrl: z
    .union([z.literal('none'), z.url({ protocol: /^https?$/ })])
    .default('https://storage.googleapis.com/gvisor/releases/release/latest'),
  /** Step at which the service ends itself as a crash does; only tests set it. */
  stopAt: z.string().min(1).optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
})

/** Checked settings with every default filled in. */
export type Config = Readonly<z.output<typeof configSchema>>

/** Settings as a person may give them. */
export type ConfigInput = z.input<typeof configSchema>
