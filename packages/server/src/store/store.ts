import type { EventRepo } from './repos/event-repo.ts'
import type { IdempotencyRepo } from './repos/idempotency-repo.ts'
import type { SandboxRepo } from './repos/sandbox-repo.ts'
import type { SshKeyRepo } from './repos/ssh-key-repo.ts'
import type { TeamRepo } from './repos/team-repo.ts'

/** The repositories, all on one connection or one transaction. */
export interface Repos {
  sandboxes: SandboxRepo
  events: EventRepo
  idempotency: IdempotencyRepo
  teams: TeamRepo
  sshKeys: SshKeyRepo
}

/** What the control plane remembers. */
export interface Store extends Repos, AsyncDisposable {
  /**
   * Runs `work` in one transaction: all of its writes or none. Durable when it answers.
   * `work` uses only the repositories it is given, and waits for nothing else.
   * With `isSoft` it survives the end of this process, but a loss of power only once another write is durable.
   */
  transaction<T>(work: (repos: Repos) => Promise<T>, options?: { isSoft?: boolean }): Promise<T>
}
