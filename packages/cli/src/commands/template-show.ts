import { DrowseError } from '@drowse/protocol'
import { findDefinition, lastTemplateBuild, stateWords, templateStates } from '@drowse/setup'
import { loadContext, requireRoot, type CommandContext, type GlobalOptions } from '../command-context.ts'

/** `drowse template show`: the state of one template, and its last build with the log. */
export async function templateShow(command: CommandContext, id: string, options: GlobalOptions): Promise<void> {
  requireRoot('template show')
  const { out } = command
  const context = loadContext(command, options)
  const template = (await templateStates(context)).find((each) => each.id === id)
  if (template === undefined) {
    throw new DrowseError('not_found', `Cannot show template "${id}": there is none; "drowse template list" shows all`)
  }
  out.line(`${out.style('bold', id)}  ${stateWords(template)}`)
  const definition = await findDefinition(context.folder, id)
  if (definition !== undefined) {
    out.line(`  names   ${definition.names.join(', ')}`)
    out.line(`  limits  ${definition.memoryMb} MiB, ${definition.cpuCount} CPUs`)
  }
  const build = await lastTemplateBuild(context, id)
  if (build === undefined) return
  out.line(`  build   ${build.buildId}`)
  out.line(
    `  status  ${build.state}, begun ${build.startedAt}${build.endedAt === undefined ? '' : `, ended ${build.endedAt}`}`,
  )
  if (build.error !== undefined) out.line(`  reason  ${build.failedStep ?? 'before the first step'}: ${build.error}`)
  for (const { timestamp, step, message } of build.log) {
    out.line(`  ${timestamp}  ${step === undefined ? '' : `${step}: `}${message}`)
  }
}
