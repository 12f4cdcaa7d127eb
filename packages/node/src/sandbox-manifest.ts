import { isSandboxId, type SandboxId } from '@drowse/protocol'
import { z } from 'zod'
import { templateStartSchema } from './assets.ts'
import { imageManifestSchema } from './images/image-manifest.ts'
import { SANDBOX_PHASES } from './phases.ts'

/** What a sandbox may reach outside; header values and the proxy's password are its owner's secrets. */
const egressSchema = z.object({
  allow: z.array(z.string()),
  deny: z.array(z.string()),
  domains: z.array(z.string()),
  headers: z.array(z.object({ domain: z.string(), headers: z.record(z.string(), z.string()) })).exactOptional(),
  proxy: z
    .object({
      host: z.string(),
      port: z.int(),
      username: z.string().exactOptional(),
      password: z.string().exactOptional(),
      tls: z.object({ serverName: z.string().exactOptional(), caCert: z.string().exactOptional() }).exactOptional(),
    })
    .exactOptional(),
  dnsServers: z.array(z.string()).exactOptional(),
})

/** `sandboxes/<id>/manifest.json`: all that this host must know of a sandbox to bring it back. Readable by root only, as `egress` holds secrets. */
export const sandboxManifestSchema = z.object({
  id: z.custom<SandboxId>((value) => typeof value === 'string' && isSandboxId(value)),
  templateId: z.string(),
  /** Ids of layers, topmost first; a warm layer of the template, if any, and the template's own. */
  layers: z.array(z.string()).min(1),
  limits: z.object({ memoryMb: z.number(), cpuCount: z.number() }),
  network: z.object({ slot: z.int().min(0) }),
  hostname: z.string(),
  /** What it may reach outside; absent while only the host's firewall decides. */
  egress: egressSchema.optional(),
  phase: z.enum(SANDBOX_PHASES),
  /** Number of the run, from 1: grows with each wake, so that an image tells which run it ends. */
  generation: z.int().min(1),
  /** Guest runtime that the current run, or the saved image, was booted with. */
  guest: z.object({ path: z.string(), hash: z.string() }),
  /** Why the run of that number booted from files; of another run than the current one it means nothing. */
  coldStart: z.object({ generation: z.int(), reason: z.string() }).optional(),
  /** Copy of the manifest in `image/`; null while there is no saved memory. */
  image: imageManifestSchema.nullable(),
  createdAt: z.iso.datetime(),
  /** What runs from a boot on, as the template said when the sandbox was made. */
  start: templateStartSchema.optional(),
})

export type SandboxManifest = z.infer<typeof sandboxManifestSchema>

/** The part of a manifest that keeps its slot from being given away when the rest of it cannot be read. */
export const slotOnlySchema = z.object({ network: z.object({ slot: z.int().min(0) }) })
