import type { Group, User } from '../users/user-database.ts'
import { findProgram } from './find-program.ts'
import type { LaunchRequest } from './launch-request.ts'

/** How to spawn a program so that it runs as a user. */
export interface Invocation {
  file: string
  args: string[]
  argv0: string
  identity: { uid?: number; gid?: number }
}

/** Groups that only sudo asks about, and it asks by name in the group file: a process need not carry them. */
const SUDO_GROUPS = new Set(['sudo', 'wheel', 'admin'])

/**
 * Says how to spawn `request` as its user.
 *
 * Node sets the uid and gid but drops all supplementary groups. Where the user has some that matter, util-linux's setpriv sets
 * them and then becomes the program: no extra process, one more exec (about 9 ms in gVisor, so it is kept off the usual path).
 * Without setpriv in the image those groups are missing.
 */
export function asUser(request: LaunchRequest): Invocation {
  const { user } = request
  const plain = {
    file: request.program,
    args: [...request.args],
    argv0: request.command,
    identity: spawnIdentity(user),
  }
  const groups = user.groups.filter((group) => !SUDO_GROUPS.has(group.name))
  if (groups.length === 0) return plain
  const setpriv = findSetpriv()
  if (setpriv === undefined) return plain
  return {
    file: setpriv,
    args: [...setprivArguments(user, user.groups), '--', request.program, ...request.args],
    argv0: setpriv,
    identity: {},
  }
}

function findSetpriv(): string | undefined {
  try {
    return findProgram('setpriv', '/usr/bin:/bin', '/')
  } catch {
    return undefined
  }
}

function spawnIdentity(user: User): { uid?: number; gid?: number } {
  // Setting the ids that the daemon has anyway is left out; a daemon that is not root may run its own user's processes.
  if (process.getuid?.() === user.uid && process.getgid?.() === user.gid) return {}
  return { uid: user.uid, gid: user.gid }
}

function setprivArguments(user: User, groups: readonly Group[]): string[] {
  const list = [user.gid, ...groups.map((group) => group.gid)].join(',')
  return [`--reuid=${user.uid}`, `--regid=${user.gid}`, `--groups=${list}`]
}
