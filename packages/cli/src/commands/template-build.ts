import { buildTemplates } from '@drowse/setup'
import { loadContext, requireRoot, type CommandContext, type GlobalOptions } from '../command-context.ts'
import { StepView } from '../output/step-view.ts'

/** `drowse template build`: builds templates of the clone one after the other and shows how far each part is. */
export async function templateBuild(
  command: CommandContext,
  names: readonly string[],
  options: GlobalOptions,
): Promise<void> {
  requireRoot('template build')
  const context = loadContext(command, options)
  using view = new StepView(command.out)
  await buildTemplates(context, names, { onEvent: view.onEvent, signal: command.signal })
}
