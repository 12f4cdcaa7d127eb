import { removeAuthority } from '@drowse/setup'
import { BROWSER_REMOVAL } from '../client-advice.ts'
import { loadContext, requireRoot, type CommandContext, type GlobalOptions } from '../command-context.ts'

/** `drowse ca uninstall`: the system does not trust this installation's authority any more. */
export async function caUninstall(command: CommandContext, options: GlobalOptions): Promise<void> {
  requireRoot('ca uninstall')
  const wasTrusted = await removeAuthority(loadContext(command, options))
  command.out.line(
    wasTrusted
      ? "The authority is out of the system's trust store."
      : "The authority was not in the system's trust store.",
  )
  command.out.line(BROWSER_REMOVAL)
}
