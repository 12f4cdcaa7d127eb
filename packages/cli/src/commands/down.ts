import { acquireSetupLock, isInstallation, stopService, type SetupContext, type StopOutcome } from '@drowse/setup'
import { loadContext, requireRoot, type CommandContext, type GlobalOptions } from '../command-context.ts'

/** `drowse down`: stops the service; sandboxes go on, running or asleep. */
export async function down(command: CommandContext, options: GlobalOptions): Promise<void> {
  requireRoot('down')
  const { folder } = loadContext(command, options)
  const outcome = isInstallation(folder) ? await stopAlone(folder) : 'not running'
  if (outcome === 'not running') {
    command.out.line('The service was not running.')
    return
  }
  const how = outcome === 'killed' ? 'The service did not end in time and was killed.' : 'The service has stopped.'
  command.out.line(`${how} Sandboxes stay as they are; "./drowse up" takes them over again.`)
}

async function stopAlone(folder: SetupContext['folder']): Promise<StopOutcome> {
  await using _lock = await acquireSetupLock(folder.root)
  return await stopService(folder)
}
