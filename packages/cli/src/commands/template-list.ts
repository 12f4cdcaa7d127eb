import { join } from 'node:path'
import { exec } from '@drowse/common'
import { findDefinition, templateStates } from '@drowse/setup'
import { loadContext, requireRoot, type CommandContext, type GlobalOptions } from '../command-context.ts'
import { formatBytes } from '../output/format-bytes.ts'

/** `drowse template list`: shows each template's state and names, and the size of its layers and of its warm image. */
export async function templateList(command: CommandContext, options: GlobalOptions): Promise<void> {
  requireRoot('template list')
  const { out } = command
  const context = loadContext(command, options)
  const { layers, templates } = context.folder
  for (const { id, state, detail } of await templateStates(context)) {
    out.line(`${out.style('bold', id)}  ${state}${detail === '' ? '' : `, ${detail}`}`)
    const definition = await findDefinition(context.folder, id)
    if (definition === undefined) continue
    out.line(`  names   ${definition.names.join(', ')}`)
    out.line(`  limits  ${definition.memoryMb} MiB, ${definition.cpuCount} CPUs`)
    for (const layer of definition.layers) out.line(`  layer   ${await size(join(layers, layer))}  ${layer}`)
    out.line(`  warm    ${await size(join(templates, id, 'warm'))}`)
  }
}

async function size(path: string): Promise<string> {
  const text = await exec('du', ['--summarize', '--one-file-system', '--block-size=1', path], {
    timeoutMs: 120_000,
  }).then(
    ({ stdout }) => formatBytes(Number(stdout.split('\t')[0])),
    () => 'none', // not made yet
  )
  return text.padStart(8)
}
