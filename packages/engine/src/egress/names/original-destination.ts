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
let getSocketOption: Promise<GetSocketOption> | undefined

/**
 * Asks the kernel's connection tracking where a redirected connection was meant to go; Node has no call for that. Undefined for a connection that was
 * not redirected or has ended.
 */
export async function originalDestination(socket: Socket): Promise<Destination | undefined> {
  const ask = await (getSocketOption ??= bind())
  // Node gives a socket's descriptor only there; without it there is no answer, and the connection is closed.
  const fd = (socket as unknown as { _handle?: { fd?: number } | null })._handle?.fd
  if (fd === undefined || fd < 0) return undefined
  const address = Buffer.alloc(ADDRESS_BYTES)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(ADDRESS_BYTES)
  if (ask(fd, SOL_IP, SO_ORIGINAL_DST, address, length) !== 0) return undefined
  return { host: [...address.subarray(4, 8)].join('.'), port: address.readUInt16BE(2) }
}

async function bind(): Promise<GetSocketOption> {
  const { default: koffi } = await import('koffi')
  return koffi
    .load('libc.so.6')
    .func('int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint8_t *length)')
}
