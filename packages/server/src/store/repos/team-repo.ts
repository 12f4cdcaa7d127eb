/** An owner of sandboxes. */
export interface Team {
  id: string
  name: string
  createdAtMs: number
}

/** An API key, without the key. */
export interface ApiKey {
  id: string
  teamId: string
  name: string
  /** SHA-256 of the key, in hex. */
  hash: string
  prefix: string
  createdAtMs: number
}

/** Teams and their API keys. */
export interface TeamRepo {
  insertTeam(team: Team): Promise<void>
  /** The oldest team. */
  findFirstTeam(): Promise<Team | undefined>
  insertKey(key: ApiKey): Promise<void>
  findKeyByHash(hash: string): Promise<ApiKey | undefined>
  countKeys(): Promise<number>
}
