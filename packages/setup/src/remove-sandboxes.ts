import { silentLogger } from '@drowse/common'
import { createGvisorEngine, removeFirewall, removeInstanceCgroup } from '@drowse/engine'
import { instanceName } from '@drowse/node'
import type { SetupContext } from './context.ts'
import { findOnPath } from './host/find-on-path.ts'
import { findEngineAsset } from './runsc/install-runsc.ts'

/** Ends every sandbox of the data folder and removes what it has on the host: processes, mounts, namespaces, links, cgroups. Returns how many. */
export async function removeSandboxes(
  { config, folder }: SetupContext,
  report: (detail: string) => void,
): Promise<number> {
  const instance = instanceName(folder.root)
  const runsc = await findEngineAsset(folder.engine)
  let count = 0
  if (runsc !== undefined) {
    const engine = createGvisorEngine({
      runsc,
      stateDirectory: folder.runsc,
      instance,
      sandboxSubnet: config.sandboxSubnet,
      logger: silentLogger,
    })
    const entries = await engine.list()
    for (const { id } of entries) {
      report(`${++count} of ${entries.length}`)
      await engine.destroy(id)
    }
  }
  await removeInstanceCgroup(instance)
  if (findOnPath('nft', undefined).length > 0) await removeFirewall({ instance })
  return count
}
