import { existsSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Traffic } from '../engine.ts'
import { addLink, type LinkCounters, type TrafficTotal } from './traffic-total.ts'

const FILE = 'traffic.json'
const NONE: TrafficTotal = { sentBytes: 0, receivedBytes: 0 }

const totalSchema = z.object({
  sentBytes: z.number(),
  receivedBytes: z.number(),
  link: z.object({ index: z.number(), sentBytes: z.number(), receivedBytes: z.number() }).exactOptional(),
})

/** What the sandbox in `directory` has sent and received, over the links that it had and the one that it may have now. */
export function readTraffic(directory: string, link: string): Traffic {
  const { sentBytes, receivedBytes } = currentTotal(directory, link)
  return { sentBytes, receivedBytes }
}

/**
 * Keeps in `directory` what has passed over a link that is about to be removed; nothing where there is no link. It is not forced to the disk: a loss of
 * power takes the link along, and with it what it had counted.
 */
export async function keepTraffic(directory: string, link: string): Promise<void> {
  if (!existsSync(directory) || readLink(link) === undefined) return
  const path = join(directory, FILE)
  await writeFile(`${path}.tmp`, JSON.stringify(currentTotal(directory, link)), { mode: 0o600 })
  await rename(`${path}.tmp`, path)
}

function currentTotal(directory: string, link: string): TrafficTotal {
  const counters = readLink(link)
  const kept = readKept(directory)
  return counters === undefined ? kept : addLink(kept, counters)
}

function readKept(directory: string): TrafficTotal {
  try {
    return totalSchema.parse(JSON.parse(readFileSync(join(directory, FILE), 'utf8')))
  } catch {
    return NONE // no link of it was removed yet
  }
}

/** The kernel's counters of the host's end, whose sending is the guest's receiving. Reading them waits for no disk. */
function readLink(link: string): LinkCounters | undefined {
  const read = (name: string): number => Number(readFileSync(join('/sys/class/net', link, name), 'latin1'))
  try {
    return {
      index: read('ifindex'),
      sentBytes: read('statistics/rx_bytes'),
      receivedBytes: read('statistics/tx_bytes'),
    }
  } catch {
    return undefined
  }
}
