import type { Traffic } from '../engine.ts'

/** Counters of one link, from its making on. */
export interface LinkCounters extends Traffic {
  /** The kernel's number of the link, which no other one has until the machine starts again. */
  index: number
}

/** Totals over all links of a sandbox, with what the last one showed when they were added up. */
export interface TrafficTotal extends Traffic {
  link?: LinkCounters
}

/** Adds what a link has counted since it was added last. Adding the same counters again changes nothing, so it may be repeated after a crash. */
export function addLink(total: TrafficTotal, now: LinkCounters): TrafficTotal {
  const { link } = total
  const isSame = link?.index === now.index && link.sentBytes <= now.sentBytes && link.receivedBytes <= now.receivedBytes
  const before = isSame ? link : { sentBytes: 0, receivedBytes: 0 }
  return {
    sentBytes: total.sentBytes + now.sentBytes - before.sentBytes,
    receivedBytes: total.receivedBytes + now.receivedBytes - before.receivedBytes,
    link: now,
  }
}
