import type { SandboxId } from '@drowse/protocol'

/** A create that its client may repeat. */
export interface IdempotencyRecord {
  teamId: string
  key: string
  /** Equal for equal requests. */
  fingerprint: string
  sandboxId: SandboxId
  /** What was answered; undefined until then. */
  answer: string | undefined
  createdAtMs: number
}

/** Keys of creates, by team. */
export interface IdempotencyRepo {
  find(teamId: string, key: string): Promise<IdempotencyRecord | undefined>
  /** Throws when the team has the key already. */
  insert(record: IdempotencyRecord): Promise<void>
  setAnswer(teamId: string, key: string, answer: string): Promise<void>
  remove(teamId: string, key: string): Promise<void>
  /** Removes every record made before `ms`. */
  removeBefore(ms: number): Promise<void>
}
