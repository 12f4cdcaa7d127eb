import type { SandboxId } from '@drowse/protocol'
import type { Sandbox, SandboxPatch } from '../../sandboxes/sandbox.ts'
import type { Bit, SandboxTable } from '../schema.ts'

/** Turns a stored row into a sandbox. */
export function sandboxFromRow(row: SandboxTable): Sandbox {
  return {
    id: row.id as SandboxId, // only ids made by newSandboxId() are ever inserted
    teamId: row.team_id,
    templateId: row.template_id,
    templateAlias: row.template_alias ?? undefined,
    state: row.state,
    generation: row.generation,
    createdAtMs: row.created_at,
    startedAtMs: row.started_at,
    createTimeoutMs: row.create_timeout_ms,
    runTimeoutMs: row.run_timeout_ms,
    maxEndAtMs: row.max_end_at,
    endAtMs: row.end_at,
    autoPause: row.auto_pause === 1,
    autoPauseMemory: row.auto_pause_memory === 1,
    autoResume: row.auto_resume === 1,
    metadata: JSON.parse(row.metadata) as Sandbox['metadata'], // written by sandboxToRow()
    envVars: JSON.parse(row.env_vars) as Sandbox['envVars'], // written by sandboxToRow()
    network: JSON.parse(row.network) as Sandbox['network'], // written by sandboxToRow()
    allowInternetAccess: row.allow_internet_access === null ? undefined : row.allow_internet_access === 1,
    secure: row.secure === 1,
    envdAccessToken: row.envd_access_token ?? undefined,
    trafficAccessToken: row.traffic_access_token ?? undefined,
    cpuCount: row.cpu_count,
    memoryMb: row.memory_mb,
    diskSizeMb: row.disk_size_mb,
    pauseMode: row.pause_mode ?? undefined,
    wasGuestSilent: row.was_guest_silent === 1,
    coldReason: row.cold_reason ?? undefined,
  }
}

/** Turns a sandbox into a row. */
export function sandboxToRow(sandbox: Sandbox): SandboxTable {
  return {
    id: sandbox.id,
    team_id: sandbox.teamId,
    template_id: sandbox.templateId,
    template_alias: sandbox.templateAlias ?? null,
    state: sandbox.state,
    generation: sandbox.generation,
    created_at: sandbox.createdAtMs,
    started_at: sandbox.startedAtMs,
    create_timeout_ms: sandbox.createTimeoutMs,
    run_timeout_ms: sandbox.runTimeoutMs,
    max_end_at: sandbox.maxEndAtMs,
    end_at: sandbox.endAtMs,
    auto_pause: bit(sandbox.autoPause),
    auto_pause_memory: bit(sandbox.autoPauseMemory),
    auto_resume: bit(sandbox.autoResume),
    metadata: JSON.stringify(sandbox.metadata),
    env_vars: JSON.stringify(sandbox.envVars),
    network: JSON.stringify(sandbox.network),
    allow_internet_access: optionalBit(sandbox.allowInternetAccess),
    secure: bit(sandbox.secure),
    envd_access_token: sandbox.envdAccessToken ?? null,
    traffic_access_token: sandbox.trafficAccessToken ?? null,
    cpu_count: sandbox.cpuCount,
    memory_mb: sandbox.memoryMb,
    disk_size_mb: sandbox.diskSizeMb,
    pause_mode: sandbox.pauseMode ?? null,
    was_guest_silent: bit(sandbox.wasGuestSilent),
    cold_reason: sandbox.coldReason ?? null,
  }
}

/** Turns a patch into columns. A key that is present with `undefined` clears its column. */
export function patchToRow(patch: SandboxPatch): Partial<SandboxTable> {
  return {
    ...(patch.startedAtMs === undefined ? {} : { started_at: patch.startedAtMs }),
    ...(patch.runTimeoutMs === undefined ? {} : { run_timeout_ms: patch.runTimeoutMs }),
    ...(patch.maxEndAtMs === undefined ? {} : { max_end_at: patch.maxEndAtMs }),
    ...(patch.endAtMs === undefined ? {} : { end_at: patch.endAtMs }),
    ...('pauseMode' in patch ? { pause_mode: patch.pauseMode ?? null } : {}),
    ...(patch.wasGuestSilent === undefined ? {} : { was_guest_silent: bit(patch.wasGuestSilent) }),
    ...(patch.network === undefined ? {} : { network: JSON.stringify(patch.network) }),
    ...('allowInternetAccess' in patch ? { allow_internet_access: optionalBit(patch.allowInternetAccess) } : {}),
    ...('coldReason' in patch ? { cold_reason: patch.coldReason ?? null } : {}),
  }
}

function optionalBit(value: boolean | undefined): Bit | null {
  return value === undefined ? null : bit(value)
}

function bit(value: boolean): Bit {
  return value ? 1 : 0
}
