import type { SandboxState } from '@drowse/protocol'
import type { Generated } from 'kysely'

/** A boolean as both databases keep it: 0 or 1. */
export type Bit = 0 | 1

/** Owners of sandboxes and API keys. */
interface TeamTable {
  id: string
  name: string
  created_at: number
}

/** API keys, by hash: the key itself is never stored. */
interface ApiKeyTable {
  id: string
  team_id: string
  name: string
  /** SHA-256 of the key, in hex. */
  hash: string
  /** First characters of the key, to tell keys apart in lists. */
  prefix: string
  created_at: number
}

/** One row for each sandbox that exists. Instants are integer ms since the epoch, structures JSON text. */
export interface SandboxTable {
  id: string
  team_id: string
  template_id: string
  template_alias: string | null
  state: SandboxState
  /** Counts every write to the row; compare-and-set compares it. */
  generation: number
  created_at: number
  /** Start of this run, or of the last one when it does not run. */
  started_at: number
  create_timeout_ms: number
  /** Timeout that the run being started gets. */
  run_timeout_ms: number
  max_end_at: number
  end_at: number
  auto_pause: Bit
  auto_pause_memory: Bit
  auto_resume: Bit
  metadata: string
  env_vars: string
  network: string
  allow_internet_access: Bit | null
  secure: Bit
  envd_access_token: string | null
  traffic_access_token: string | null
  cpu_count: number
  memory_mb: number
  disk_size_mb: number
  pause_mode: 'full' | 'filesystem' | null
  was_guest_silent: Bit
  cold_reason: string | null
}

/** What happened to sandboxes; outlives their rows. */
/** One event of a sandbox. */
export interface EventTable {
  /** Given by the database, in the order of writing. */
  id: Generated<number>
  at: number
  sandbox_id: string
  team_id: string
  name: string
  data: string
}

/** Keys of creates that clients may repeat. */
interface IdempotencyKeyTable {
  team_id: string
  key: string
  /** SHA-256 of the request, in hex. */
  fingerprint: string
  /** What the create made, or was making. */
  sandbox_id: string
  /** The sandbox as the create answered it, as JSON; null until then. */
  answer: string | null
  created_at: number
}

/** Public keys that open a team's sandboxes over SSH. */
export interface SshKeyTable {
  id: string
  team_id: string
  name: string
  type: string
  /** `<type> <base64>`. */
  public_key: string
  fingerprint: string
  created_at: number
}

/** Every table of the store. */
export interface DatabaseSchema {
  teams: TeamTable
  api_keys: ApiKeyTable
  sandboxes: SandboxTable
  events: EventTable
  idempotency_keys: IdempotencyKeyTable
  ssh_keys: SshKeyTable
}
