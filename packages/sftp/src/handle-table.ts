import type { FileHandle } from 'node:fs/promises'
import { STATUS_CODE } from 'ssh2/lib/protocol/SFTP.js'
import { SftpFailure } from './status.ts'

/** A file or a directory that a client has open. */
export type Handle =
  /** With `isAppending` all that is written goes to the end. */
  | { kind: 'file'; file: FileHandle; isAppending: boolean }
  /** `left` are the names that it has not been told yet. */
  | { kind: 'directory'; path: string; left: string[] }

/** Most files and directories open at once. */
const MAX_HANDLES = 1_000

/** What a client has open, by the handles that it knows. */
export class HandleTable {
  readonly #open = new Map<number, Handle>()
  #next = 0

  /** Whether there is room for one more. */
  checkRoom(): void {
    if (this.#open.size >= MAX_HANDLES)
      throw new SftpFailure(STATUS_CODE.FAILURE, `${MAX_HANDLES} files are open already`)
  }

  add(handle: Handle): Buffer {
    const id = this.#next++
    this.#open.set(id, handle)
    const name = Buffer.alloc(4)
    name.writeUInt32BE(id >>> 0)
    return name
  }

  getFile(name: Buffer): Extract<Handle, { kind: 'file' }> {
    const handle = this.#find(name)
    if (handle.kind !== 'file') throw new SftpFailure(STATUS_CODE.FAILURE, 'This is a directory')
    return handle
  }

  getDirectory(name: Buffer): Extract<Handle, { kind: 'directory' }> {
    const handle = this.#find(name)
    if (handle.kind !== 'directory') throw new SftpFailure(STATUS_CODE.FAILURE, 'This is no directory')
    return handle
  }

  take(name: Buffer): Handle {
    const handle = this.#find(name)
    this.#open.delete(name.readUInt32BE())
    return handle
  }

  #find(name: Buffer): Handle {
    const handle = name.length === 4 ? this.#open.get(name.readUInt32BE()) : undefined
    if (handle === undefined) throw new SftpFailure(STATUS_CODE.FAILURE, 'There is no such handle')
    return handle
  }
}
