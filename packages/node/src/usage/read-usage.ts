import type { NodeUsage } from '../node-client.ts'
import type { NodeContext } from '../node-context.ts'

/** Sandboxes that are looked at before others get a turn: some 50 µs each. */
const PER_TURN = 50

/** Reads what every running sandbox uses, from the host alone. */
export async function readUsage(context: NodeContext): Promise<NodeUsage[]> {
  const { shelf, engine, diskMeter } = context
  const running = shelf.running().filter(({ phase }) => phase === 'running')
  diskMeter.keepOnly(new Set(shelf.ids()))
  const found: NodeUsage[] = []
  for (const [at, { id, limits }] of running.entries()) {
    if (at > 0 && at % PER_TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve))
    const usage = engine.usage(id)
    if (usage === undefined) continue
    const diskBytes = diskMeter.bytes(id, usage.cpuMs)
    found.push({ id, cpuCount: limits.cpuCount, ...usage, ...(diskBytes === undefined ? {} : { diskBytes }) })
  }
  return found
}
