import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { NodeContext } from '../node-context.ts'
import { findJson } from '../read-json.ts'
import { listTemplateIds, templateFolder } from './template-store.ts'
import { WARM_LAYER_PREFIX, warmManifestSchema } from './warm-manifest.ts'

/**
 * Removes what cut warm-ups left behind and the warm layers that no sandbox and no template refers to. For the start of a node, when
 * no warm-up runs and every folder is on the shelf.
 */
export async function sweepWarm(context: NodeContext): Promise<void> {
  const { folder, shelf, trash } = context
  const wanted = new Set<string>()
  for (const id of await listTemplateIds(folder)) {
    const at = templateFolder(folder, id)
    await trash.discard(at.scratch)
    await trash.discard(at.nextWarm)
    const warm = await findJson(join(at.warm, 'warm.json'), warmManifestSchema).catch(() => undefined)
    if (warm !== undefined) wanted.add(warm.layer)
  }
  const ids = shelf.ids()
  // A manifest that cannot be read does not tell which layers it needs: keep them all.
  if (ids.some((id) => shelf.isBroken(id))) return
  for (const id of ids) for (const layer of shelf.find(id)?.layers ?? []) wanted.add(layer)
  for (const name of await readdir(folder.layers)) {
    if (name.startsWith(WARM_LAYER_PREFIX) && !wanted.has(name)) await trash.discard(join(folder.layers, name))
  }
}
