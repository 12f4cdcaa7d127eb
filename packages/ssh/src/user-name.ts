import { isSandboxId, type SandboxId } from '@drowse/protocol'

/** Whom an SSH user name means. */
export interface SshUser {
  id: SandboxId
  /** Who to be inside; `undefined` for the sandbox's default user. */
  guestUser: string | undefined
}

/** A sandbox's id, and a user name as `useradd` allows it. */
const USER_NAME = /^([a-z0-9]{1,40})(?:\+([a-z_][a-z0-9_-]{0,31}))?$/

/** Reads `<sandbox id>` or `<sandbox id>+<user>`; `undefined` for anything else. Never throws. */
export function parseUserName(text: string): SshUser | undefined {
  const [, id, guestUser] = USER_NAME.exec(text) ?? []
  return id === undefined || !isSandboxId(id) ? undefined : { id, guestUser }
}
