/** A public key that opens a team's sandboxes over SSH. */
export interface SshKey {
  id: string
  teamId: string
  /** What a person calls it. */
  name: string
  type: string
  /** `<type> <base64>`. */
  publicKey: string
  /** `SHA256:` and base64. */
  fingerprint: string
  createdAtMs: number
}

/** Public keys of teams. */
export interface SshKeyRepo {
  /** Adds a key; false when the team has it already. */
  insert(key: SshKey): Promise<boolean>
  /** A team's keys, oldest first. */
  list(teamId: string): Promise<SshKey[]>
  /** Removes a team's key; says whether there was one. */
  remove(teamId: string, id: string): Promise<boolean>
  /** The key with this fingerprint of the team that a sandbox belongs to; neither needs to exist. One query, whatever is missing. */
  findForSandbox(sandboxId: string, fingerprint: string): Promise<SshKey | undefined>
}
