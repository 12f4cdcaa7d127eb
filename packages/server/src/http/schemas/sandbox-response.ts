import { ENVD_VERSION, publicState } from '@drowse/protocol'
import { z } from 'zod'
import type { SandboxDetail } from '../../sandboxes/get.ts'
import { idleTimeoutMs } from '../../sandboxes/idle-timeout.ts'
import type { ListedSandbox } from '../../sandboxes/list.ts'
import type { Sandbox } from '../../sandboxes/sandbox.ts'
import { networkResponse, presentNetwork } from './network-response.ts'

/** Required by clients' schemas and meaningless. */
const CLIENT_ID = 'drowse'

const identity = z.object({
  templateID: z.string(),
  alias: z.string().optional(),
  sandboxID: z.string(),
  clientID: z.string(),
  envdVersion: z.string(),
})

/** Answer of create, connect and resume. */
export const sandboxResponse = identity.extend({
  envdAccessToken: z.string().optional(),
  trafficAccessToken: z.string().nullable(),
  domain: z.string(),
})

/** What clients do not know of and ignore, in lists. */
const listedExtras = z.object({
  /** Where a paused one is. */
  tier: z.enum(['frozen', 'disk', 'files']).optional(),
  /** Why the latest run started without its memory, or why the pause holds none. */
  coldReason: z.string().optional(),
})

/** One entry of a list. */
export const listedSandboxResponse = identity.extend({
  startedAt: z.string(),
  endAt: z.string(),
  state: z.enum(['running', 'paused']),
  cpuCount: z.number(),
  memoryMB: z.number(),
  diskSizeMB: z.number(),
  metadata: z.record(z.string(), z.string()),
  volumeMounts: z.array(z.unknown()),
  envdUnresponsiveAtPause: z.literal(true).optional(),
  drowse: listedExtras,
})

/** The same, in the answer of get. */
const extras = listedExtras.extend({
  /** End of a running one's lifetime, whatever its idle timeout does. */
  lifetimeEndAt: z.string().optional(),
  idleTimeoutSeconds: z.number().optional(),
  /** Requests, streams and upgraded sockets that are open. */
  openConnections: z.number(),
  /** What has passed over its link in all its runs, paused or not. */
  network: z.object({ sentBytes: z.number(), receivedBytes: z.number() }).optional(),
})

/** Answer of get. */
export const sandboxDetailResponse = listedSandboxResponse.extend({
  envdAccessToken: z.string().optional(),
  domain: z.string(),
  allowInternetAccess: z.boolean().nullable(),
  network: networkResponse,
  lifecycle: z.object({ onTimeout: z.enum(['pause', 'kill']), autoResume: z.boolean() }),
  pauseMode: z.enum(['full', 'filesystem']).optional(),
  drowse: extras,
})

/** A sandbox as create, connect and resume answer it. */
export function presentSandbox(sandbox: Sandbox, domain: string): z.infer<typeof sandboxResponse> {
  return {
    ...presentIdentity(sandbox),
    ...(sandbox.envdAccessToken === undefined ? {} : { envdAccessToken: sandbox.envdAccessToken }),
    trafficAccessToken: sandbox.trafficAccessToken ?? null,
    domain,
  }
}

/** A sandbox as lists show it. */
export function presentListedSandbox({ sandbox, tier }: ListedSandbox): z.infer<typeof listedSandboxResponse> {
  return {
    ...presentIdentity(sandbox),
    startedAt: new Date(sandbox.startedAtMs).toISOString(),
    endAt: new Date(sandbox.endAtMs).toISOString(),
    state: publicState(sandbox.state),
    cpuCount: sandbox.cpuCount,
    memoryMB: sandbox.memoryMb,
    diskSizeMB: sandbox.diskSizeMb,
    metadata: { ...sandbox.metadata },
    volumeMounts: [],
    ...(sandbox.state === 'paused' && sandbox.wasGuestSilent ? { envdUnresponsiveAtPause: true as const } : {}),
    drowse: presentListedExtras({ sandbox, tier }),
  }
}

/** A sandbox as get shows it. */
export function presentSandboxDetail(detail: SandboxDetail, domain: string): z.infer<typeof sandboxDetailResponse> {
  const { sandbox } = detail
  return {
    ...presentListedSandbox(detail),
    ...(sandbox.envdAccessToken === undefined ? {} : { envdAccessToken: sandbox.envdAccessToken }),
    domain,
    allowInternetAccess: sandbox.allowInternetAccess ?? null,
    network: presentNetwork(sandbox.network),
    lifecycle: {
      onTimeout: sandbox.autoPause ? 'pause' : 'kill',
      autoResume: sandbox.autoResume,
    },
    ...(sandbox.state === 'paused' && sandbox.pauseMode !== undefined ? { pauseMode: sandbox.pauseMode } : {}),
    drowse: presentExtras(detail),
  }
}

function presentListedExtras({ sandbox, tier }: ListedSandbox): z.infer<typeof listedExtras> {
  return {
    ...(tier === undefined ? {} : { tier }),
    ...(sandbox.coldReason === undefined ? {} : { coldReason: sandbox.coldReason }),
  }
}

function presentExtras(detail: SandboxDetail): z.infer<typeof extras> {
  const { sandbox, connections, traffic } = detail
  const isRunning = publicState(sandbox.state) === 'running'
  const idleMs = idleTimeoutMs(sandbox)
  return {
    ...presentListedExtras(detail),
    ...(isRunning ? { lifetimeEndAt: new Date(sandbox.maxEndAtMs).toISOString() } : {}),
    ...(Number.isFinite(idleMs) ? { idleTimeoutSeconds: idleMs / 1000 } : {}),
    openConnections: connections,
    ...(traffic === undefined ? {} : { network: traffic }),
  }
}

function presentIdentity(sandbox: Sandbox): z.infer<typeof identity> {
  return {
    templateID: sandbox.templateId,
    ...(sandbox.templateAlias === undefined ? {} : { alias: sandbox.templateAlias }),
    sandboxID: sandbox.id,
    clientID: CLIENT_ID,
    envdVersion: ENVD_VERSION,
  }
}
