import { readFileSync, statSync } from 'node:fs'

/**
 * Notices that this sandbox has become a copy of another: the daemon then writes a new machine id. A look costs one stat (about 20 µs in
 * gVisor), so it is taken before every execution. Only another content counts: a wake may give the same file another inode and other times.
 */
export class CopyWatch {
  readonly #path: string
  #modifiedAt: bigint | undefined
  #content: string
  #copies = 0

  /** `path` is the file that a fresh identity rewrites. */
  constructor(path: string) {
    this.#path = path
    this.#modifiedAt = modificationTime(path)
    this.#content = read(path)
  }

  /** How many times a new identity was seen since the start. */
  count(): number {
    const modifiedAt = modificationTime(this.#path)
    if (modifiedAt === this.#modifiedAt) return this.#copies
    this.#modifiedAt = modifiedAt
    const content = read(this.#path)
    if (content !== this.#content) this.#copies++
    this.#content = content
    return this.#copies
  }
}

function modificationTime(path: string): bigint | undefined {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.mtimeNs
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return '' // An image without one gets it with its first identity.
  }
}
