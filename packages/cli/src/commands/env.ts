import { loadContext, requireRoot, type CommandContext, type GlobalOptions } from '../command-context.ts'
import { envLines } from '../env-lines.ts'
import { getInstallation } from '../installation.ts'

/** `drowse env`: prints the export lines for `eval`. Prints nothing when the service does not run. */
export async function env(command: CommandContext, options: GlobalOptions): Promise<void> {
  requireRoot('env')
  const context = loadContext(command, options)
  const { addresses, apiKey } = await getInstallation(context)
  for (const line of envLines({ addresses, apiKey, tls: context.folder.tls })) command.out.line(line)
}
