/** Variables that a client may set, as sshd of Debian is configured; all others are left out. */
const NAME = /^(?:LANG|LC_[A-Z]{1,32})$/
const MAX_VALUE_LENGTH = 256
const MAX_VARIABLES = 32
const MAX_TERM_LENGTH = 64

/** The environment that one session asks for. */
export class SessionEnvironment {
  readonly #variables = new Map<string, string>()

  /** Takes a variable; false when it is not one that a client may set. */
  set(name: string, value: string): boolean {
    const isNew = !this.#variables.has(name)
    if (!NAME.test(name) || !isText(value, MAX_VALUE_LENGTH) || (isNew && this.#variables.size >= MAX_VARIABLES)) {
      return false
    }
    this.#variables.set(name, value)
    return true
  }

  /** The variables of a process on a terminal of this kind, or on none, for a client at `remote`. */
  variables(term: string | undefined, remote: { address: string; port: number }): Record<string, string> {
    return {
      ...Object.fromEntries(this.#variables),
      ...(term === undefined ? {} : { TERM: isText(term, MAX_TERM_LENGTH) && term !== '' ? term : 'xterm' }),
      // By these programs tell that somebody is far away; the sandbox's own side is always its loopback.
      SSH_CLIENT: `${remote.address} ${remote.port} 22`,
      SSH_CONNECTION: `${remote.address} ${remote.port} 127.0.0.1 22`,
    }
  }
}

function isText(value: string, maxLength: number): boolean {
  return value.length <= maxLength && !value.includes('\0')
}
