import { createRequire } from 'node:module'
import type { Socket } from 'node:net'

/** Where a connection was meant to go before the firewall redirected it. */
export interface Destination {
  /** IPv4. */
  host: string
  port: number
}

const SOL_IP = 0
const SO_ORIGINAL_DST = 80
/** Bytes of a sockaddr_in: family, port and address in network order, padding. */
const ADDRESS_BYTES = 16

type GetSocketOption = (fd: number, level: number, name: number, value: Buffer, length: Buffer) => number
let getSocketOption: GetSocketOption | undefined

/**
 * Asks the kernel's connection tracking where a redirected connection was meant to go; Node has no call for that. Undefined for a connection that was
 * not redirected or has ended.
 */
export function originalDestination(socket: Socket): Destination | undefined {
  // Node gives a socket's descriptor only there; without it there is no answer, and the connection is closed.
  const fd = (socket as unknown as { _handle?: { fd?: number } | null })._handle?.fd
  if (fd === undefined || fd < 0) return undefined
  getSocketOption ??= bind()
  const address = Buffer.alloc(ADDRESS_BYTES)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(ADDRESS_BYTES)
  if (getSocketOption(fd, SOL_IP, SO_ORIGINAL_DST, address, length) !== 0) return undefined
  return { host: [...address.subarray(4, 8)].join('.'), port: address.readUInt16BE(2) }
}

function bind(): GetSocketOption {
  const koffi = createRequire(import.meta.url)('koffi') as {
    load(path: string): { func(definition: string): GetSocketOption }
  }
  return koffi
    .load('libc.so.6')
    .func('int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint8_t *length)')
}
