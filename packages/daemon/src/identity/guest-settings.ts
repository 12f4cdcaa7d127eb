import type { EnvdInit } from '@drowse/protocol'

/** What `POST /init` sets for all later calls. */
export class GuestSettings {
  /** Environment of every process, beneath a request's own. */
  env: Readonly<Record<string, string>> = {}
  /** Token that calls must carry, once set. */
  accessToken: string | undefined
  defaultUser = 'user'
  defaultWorkdir: string | undefined
  /** PATH of processes whose environment names none. */
  readonly path: string
  #identity: string | undefined
  #authority: string | undefined
  #knowsAuthority = false

  constructor(path: string) {
    this.path = path
  }

  /** Takes what an init says, over `moreEnv`. A token, user or directory that it leaves out stays as it was. */
  apply(init: EnvdInit, moreEnv: Readonly<Record<string, string>> = {}): void {
    this.env = { ...moreEnv, ...init.envVars }
    this.#authority = init.egressAuthority
    this.#knowsAuthority = true
    if (init.accessToken !== undefined) this.accessToken = init.accessToken
    if (init.defaultUser !== undefined) this.defaultUser = init.defaultUser
    if (init.defaultWorkdir !== undefined) this.defaultWorkdir = init.defaultWorkdir
    this.#identity = identityOf(init)
  }

  /** Whether the last init had the same authority; a daemon that was just started does not know what the files say. */
  knowsAuthority({ egressAuthority }: EnvdInit): boolean {
    return this.#knowsAuthority && this.#authority === egressAuthority
  }

  /** Whether the last init said the same of name and name servers, and this one asks for no fresh identity. */
  knowsIdentity(init: EnvdInit): boolean {
    return init.identity === 'kept' && this.#identity === identityOf(init)
  }
}

function identityOf({ hostname, nameservers }: EnvdInit): string {
  return [hostname, ...nameservers].join(' ')
}
