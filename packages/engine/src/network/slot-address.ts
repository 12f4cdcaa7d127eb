import { DrowseError } from '@drowse/protocol'

/** Addresses in one /30. */
const SLOT_SIZE = 4

/** The two ends of one sandbox's link: dotted IPv4 addresses in the same /30. */
export interface SlotAddress {
  /** First address, on the host's end; the guest's gateway. */
  host: string
  /** Second address, on the guest's end. */
  guest: string
  /** Length of the network's prefix. */
  prefixLength: 30
}

/**
 * Computes the addresses of slot `slot` in `subnet` (`a.b.c.d/n`).
 * Throws "invalid_argument" when the subnet is malformed or has no such slot.
 */
export function slotAddress(subnet: string, slot: number): SlotAddress {
  const { base } = slotRange(subnet, slot)
  return { host: dotted(base + 1), guest: dotted(base + 2), prefixLength: 30 }
}

/** How many sandboxes fit into `subnet`. Throws "invalid_argument" when it is malformed. */
export function slotCount(subnet: string): number {
  return subnetRange(subnet).slots
}

/** First address, as a number, and length of one slot's network. Throws as {@link slotAddress} does. */
export function slotRange(subnet: string, slot: number): { base: number; size: number } {
  const { base, slots } = subnetRange(subnet)
  if (!Number.isInteger(slot) || slot < 0 || slot >= slots) {
    throw new DrowseError(
      'invalid_argument',
      `Cannot use network slot ${slot}: "${subnet}" has slots 0 to ${slots - 1}`,
    )
  }
  return { base: base + slot * SLOT_SIZE, size: SLOT_SIZE }
}

/** First address, as a number, and length of `subnet`. Throws "invalid_argument" when it is malformed. */
export function subnetRange(subnet: string): { base: number; size: number; slots: number } {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(subnet)
  const numbers = match?.slice(1).map(Number) ?? []
  const [a = 256, b = 256, c = 256, d = 256, length = 33] = numbers
  if ([a, b, c, d].some((octet) => octet > 255) || length < 8 || length > 30) {
    throw new DrowseError('invalid_argument', `Cannot use subnet "${subnet}": want a.b.c.d/n with n from 8 to 30`)
  }
  const size = 2 ** (32 - length)
  const address = ((a * 256 + b) * 256 + c) * 256 + d
  return { base: address - (address % size), size, slots: size / SLOT_SIZE }
}

/** Writes an address that is a number with dots. */
export function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.')
}
