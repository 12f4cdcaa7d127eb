import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'

/** A user of the guest, as its passwd and group files have it. */
export interface User {
  name: string
  uid: number
  gid: number
  home: string
  /** Groups besides the primary one. */
  groups: readonly Group[]
}

/** A group of the guest. */
export interface Group {
  name: string
  gid: number
}

interface PasswdEntry {
  name: string
  uid: number
  gid: number
  home: string
}

interface GroupEntry extends Group {
  members: readonly string[]
}

/**
 * Looks users and groups up in `etc/passwd` and `etc/group`, reading them again only when they changed.
 *
 * It asks the file system directly: in gVisor a stat takes a tenth of a trip to Node's thread pool, and every call needs two.
 */
export class UserDatabase {
  readonly #passwd: CachedFile<PasswdEntry>
  readonly #group: CachedFile<GroupEntry>

  /** `root` is the folder that holds `etc/`. */
  constructor(root: string) {
    this.#passwd = new CachedFile(join(root, 'etc/passwd'), parsePasswdLine)
    this.#group = new CachedFile(join(root, 'etc/group'), parseGroupLine)
  }

  /** The user of that name, with its groups; `undefined` when there is none. */
  find(name: string): User | undefined {
    const entry = this.#passwd.entries().find((user) => user.name === name)
    if (entry === undefined) return undefined
    const groups = this.#group.entries().filter((group) => group.gid !== entry.gid && group.members.includes(name))
    return { ...entry, groups: groups.map(({ name, gid }) => ({ name, gid })) }
  }

  /** The group of that name; `undefined` when there is none. */
  findGroup(name: string): Group | undefined {
    return this.#group.entries().find((group) => group.name === name)
  }

  /** Names for the owner and group of a file; the number as text where there is no name. */
  namesOf(uid: number, gid: number): { owner: string; group: string } {
    const user = this.#passwd.entries().find((entry) => entry.uid === uid)
    const group = this.#group.entries().find((entry) => entry.gid === gid)
    return { owner: user?.name ?? String(uid), group: group?.name ?? String(gid) }
  }
}

class CachedFile<T> {
  readonly #path: string
  readonly #parse: (fields: string[]) => T | undefined
  #signature = ''
  #entries: readonly T[] = []

  constructor(path: string, parse: (fields: string[]) => T | undefined) {
    this.#path = path
    this.#parse = parse
  }

  entries(): readonly T[] {
    const found = statSync(this.#path, { bigint: true, throwIfNoEntry: false })
    const signature = found === undefined ? 'absent' : `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`
    if (signature === this.#signature) return this.#entries
    const text = found === undefined ? '' : readFileSync(this.#path, 'utf8')
    this.#entries = text.split('\n').flatMap((line) => this.#parse(line.split(':')) ?? [])
    this.#signature = signature
    return this.#entries
  }
}

function parsePasswdLine(fields: string[]): PasswdEntry | undefined {
  const [name, , uid, gid, , home] = fields
  if (name === undefined || name === '' || !isId(uid) || !isId(gid)) return undefined
  return { name, uid: Number(uid), gid: Number(gid), home: home === undefined || home === '' ? '/' : home }
}

function parseGroupLine(fields: string[]): GroupEntry | undefined {
  const [name, , gid, members] = fields
  if (name === undefined || name === '' || !isId(gid)) return undefined
  return { name, gid: Number(gid), members: (members ?? '').split(',').map((member) => member.trim()) }
}

function isId(text: string | undefined): text is string {
  return text !== undefined && /^\d+$/.test(text)
}
