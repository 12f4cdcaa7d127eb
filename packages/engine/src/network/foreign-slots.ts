import { readFileSync } from 'node:fs'
import { dotted, slotRange, subnetRange } from './slot-address.ts'

/** The kernel's IPv4 routes: a line for each, addresses as hexadecimal numbers in the byte order of the machine, which is little-endian here. */
const ROUTES_FILE = '/proc/net/route'

/** What others on the host use of a sandbox subnet, as seen at one moment. */
export interface ForeignSlots {
  /** Slots in the subnet, whoever uses them. */
  count: number
  /** Who else uses addresses of a slot: `10.231.0.0/30 on link "docker0"`. `undefined` when nobody does. */
  userOf: (slot: number) => string | undefined
}

/** One IPv4 route of the host. */
interface Route {
  link: string
  /** First address, as a number. */
  base: number
  prefixLength: number
}

/**
 * Looks at the host's routes for networks inside `subnet` that are not our own links (those whose name begins with `linkPrefix`): Docker's,
 * a VPN's, another installation's. A sandbox among their addresses could not be reached, or would hide what they have there. Routes wider
 * than the subnet say nothing: the sandboxes' own are narrower, and win.
 */
export function findForeignSlots(subnet: string, linkPrefix: string, routesFile = ROUTES_FILE): ForeignSlots {
  const own = subnetRange(subnet)
  const end = own.base + own.size
  const routes = readRoutes(routesFile).filter(
    ({ link, base, prefixLength }) =>
      !link.startsWith(linkPrefix) && 2 ** (32 - prefixLength) <= own.size && base >= own.base && base < end,
  )
  return {
    count: own.slots,
    userOf: (slot) => {
      const { base, size } = slotRange(subnet, slot)
      const user = routes.find(
        (route) => route.base < base + size && route.base + 2 ** (32 - route.prefixLength) > base,
      )
      return user === undefined ? undefined : `${dotted(user.base)}/${user.prefixLength} on link "${user.link}"`
    },
  }
}

function readRoutes(file: string): Route[] {
  const [, ...lines] = readFileSync(file, 'latin1').split('\n')
  return lines.flatMap((line) => {
    const [link, destination, , , , , , mask] = line.trim().split(/\s+/)
    if (link === undefined || destination === undefined || mask === undefined) return []
    const prefixLength = numberOf(mask).toString(2).replaceAll('0', '').length
    return [{ link, base: numberOf(destination), prefixLength }]
  })
}

/** An address as the kernel prints it here: the last byte first. */
function numberOf(hex: string): number {
  return Buffer.from(hex.padStart(8, '0'), 'hex').readUInt32LE()
}
