import { readdirSync, readFileSync } from 'node:fs'

/** Ids of all processes of a session that have not ended. */
export function sessionMembers(session: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => sessionOf(pid) === session)
}

function sessionOf(pid: number): number | undefined {
  try {
    // The program's name stands in parentheses and may hold anything; after it: state, parent, group, session.
    const [state, , , session] = readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')
    return state === 'Z' || state === 'X' ? undefined : Number(session)
  } catch {
    return undefined // it ended between the listing and the read
  }
}
