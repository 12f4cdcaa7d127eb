import type { Traffic } from '@drowse/engine'
import type { NodeUsage } from '../node-client.ts'
import type { NodeContext } from '../node-context.ts'
import { sandboxFolder } from '../sandbox-folder.ts'
import type { SandboxManifest } from '../sandbox-manifest.ts'

/** Sandboxes that are looked at before others get a turn: some 140 µs of CPU each. */
const PER_TURN = 20

/** Reads what every running sandbox uses, from the host alone. */
export async function readUsage(context: NodeContext): Promise<NodeUsage[]> {
  const { shelf, engine, diskMeter } = context
  const running = shelf.running().filter(({ phase }) => phase === 'running')
  diskMeter.keepOnly(new Set(shelf.ids()))
  const found: NodeUsage[] = []
  for (const [at, manifest] of running.entries()) {
    const { id, limits } = manifest
    if (at > 0 && at % PER_TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve))
    const usage = engine.usage(id)
    if (usage === undefined) continue
    const diskBytes = diskMeter.bytes(id, usage.cpuMs)
    found.push({
      id,
      cpuCount: limits.cpuCount,
      ...usage,
      ...trafficOf(context, manifest),
      ...(diskBytes === undefined ? {} : { diskBytes }),
    })
  }
  return found
}

/** What a sandbox has sent and received in all its runs. */
export function trafficOf({ engine, folder }: NodeContext, { id, network }: SandboxManifest): Traffic {
  return engine.traffic({ id, network, directory: sandboxFolder(folder, id).root })
}
