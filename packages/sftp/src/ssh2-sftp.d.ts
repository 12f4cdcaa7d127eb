declare module 'ssh2/lib/protocol/SFTP.js' {
  import type { EventEmitter } from 'node:events'

  /** What a client may set of a file; what it does not set is undefined. */
  export interface WireAttributes {
    mode?: number | undefined
    uid?: number | undefined
    gid?: number | undefined
    size?: number | undefined
    /** Seconds. */
    atime?: number | undefined
    mtime?: number | undefined
  }

  export interface WireName {
    filename: string
    longname?: string
    attrs?: WireAttributes
  }

  /** The server's side of SFTP, version 3: parses requests into events, and writes answers. */
  export class SFTP extends EventEmitter {
    constructor(client: { _protocol: object }, channel: object, options: { server: true })
    /** Takes bytes of the client; `null` at their end. */
    push(data: Buffer | null): void
    handle(request: number, handle: Buffer): void
    data(request: number, data: Buffer): void
    name(request: number, names: WireName | WireName[]): void
    attrs(request: number, attrs: WireAttributes): void
    status(request: number, code: number, message?: string): void
  }

  export const OPEN_MODE: Readonly<Record<'READ' | 'WRITE' | 'APPEND' | 'CREAT' | 'TRUNC' | 'EXCL', number>>
  export const STATUS_CODE: Readonly<
    Record<'OK' | 'EOF' | 'NO_SUCH_FILE' | 'PERMISSION_DENIED' | 'FAILURE' | 'BAD_MESSAGE' | 'OP_UNSUPPORTED', number>
  >
}
