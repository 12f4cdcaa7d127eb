import { join } from 'node:path'
import { findDefinition, stateWords, templateStates } from '@drowse/setup'
import { loadContext, requireRoot, type CommandContext, type GlobalOptions } from '../command-context.ts'
import { diskUse } from '../output/disk-use.ts'

/** Time, in ms, that one folder may take to be counted. */
const DU_TIMEOUT_MS = 120_000

/** `drowse template list`: shows each template's state and names, and the size of its layers and of its warm image. */
export async function templateList(command: CommandContext, options: GlobalOptions): Promise<void> {
  requireRoot('template list')
  const { out } = command
  const context = loadContext(command, options)
  const { layers, templates } = context.folder
  for (const template of await templateStates(context)) {
    const { id } = template
    out.line(`${out.style('bold', id)}  ${stateWords(template)}`)
    const definition = await findDefinition(context.folder, id)
    if (definition === undefined) continue
    out.line(`  names   ${definition.names.join(', ')}`)
    out.line(`  limits  ${definition.memoryMb} MiB, ${definition.cpuCount} CPUs`)
    for (const layer of definition.layers) out.line(`  layer   ${await size(join(layers, layer))}  ${layer}`)
    out.line(`  warm    ${await size(join(templates, id, 'warm'))}`)
  }
}

async function size(path: string): Promise<string> {
  return ((await diskUse(path, { timeoutMs: DU_TIMEOUT_MS })) ?? 'none').padStart(8)
}
