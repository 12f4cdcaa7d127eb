import type { User } from '../../users/user-database.ts'
import { DrowseError } from '@drowse/protocol'
import type { Libc } from './libc.ts'

interface CallNumbers {
  setgroups: number
  setresuid: number
  setresgid: number
}

const CALL_NUMBERS: Readonly<Record<string, CallNumbers>> = {
  x64: { setgroups: 116, setresuid: 117, setresgid: 119 },
  arm64: { setgroups: 159, setresuid: 147, setresgid: 149 },
}

/**
 * Runs `action` with the ids and groups of a user, and takes the daemon's own again before it returns.
 *
 * In Linux they belong to a thread: others of the daemon keep theirs. What `action` makes, such as pipes and processes, is the user's, and
 * what it opens is checked against the user. The saved id stays root's, which is the way back; a program that `action` starts loses it
 * when it is executed. `action` must not be asynchronous. Throws "permission_denied" for another user when the daemon is not root.
 */
export function actAs<T>(libc: Libc, user: User, action: () => T): T {
  if (process.getuid?.() !== 0) {
    if (process.getuid?.() === user.uid) return action()
    throw new DrowseError('permission_denied', `Cannot act as user "${user.name}": the daemon is not root`)
  }
  const calls = CALL_NUMBERS[process.arch]
  if (calls === undefined) throw new Error(`Cannot act as user "${user.name}": no call numbers for ${process.arch}`)
  const own = process.getgroups?.() ?? []
  try {
    setGroups(libc, calls, [user.gid, ...user.groups.map((group) => group.gid)])
    libc.check(libc.callWithIds(calls.setresgid, user.gid, user.gid, 0), 'set the group')
    libc.check(libc.callWithIds(calls.setresuid, user.uid, user.uid, 0), 'set the user')
    return action()
  } finally {
    try {
      libc.check(libc.callWithIds(calls.setresuid, 0, 0, 0), 'be root again')
      libc.check(libc.callWithIds(calls.setresgid, 0, 0, 0), "have root's group again")
      setGroups(libc, calls, own)
    } catch {
      // Half a change of identity must never serve a request.
      process.abort()
    }
  }
}

function setGroups(libc: Libc, calls: CallNumbers, groups: readonly number[]): void {
  const list = Buffer.alloc(4 * groups.length)
  groups.forEach((group, index) => list.writeUInt32LE(group, 4 * index))
  libc.check(libc.callWithList(calls.setgroups, groups.length, list), 'set the groups')
}
