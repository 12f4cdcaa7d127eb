import { acquireSetupLock, findOnPath, installAuthority, showAuthority } from '@drowse/setup'
import { clientAdvice } from '../client-advice.ts'
import { loadContext, requireRoot, type CommandContext, type GlobalOptions } from '../command-context.ts'

/** `drowse ca install`: the system's programs trust the https door from now on. */
export async function caInstall(command: CommandContext, options: GlobalOptions): Promise<void> {
  requireRoot('ca install')
  const { out } = command
  const context = loadContext(command, options)
  // Read first: without an authority nothing is made, not even the folder of the lock.
  const { path, bundlePath, fingerprint } = await showAuthority(context)
  {
    await using _lock = await acquireSetupLock(context.folder.root)
    const outcome = await installAuthority(context)
    const words =
      outcome === 'kept' ? 'The system trusts this authority already' : 'The system trusts this authority now'
    out.line(`${words}: SHA-256 ${fingerprint}`)
  }
  out.line("curl, git, Go and whatever else goes by the system's store need nothing more.")
  const hasCertutil = findOnPath('certutil', command.env['PATH']).length > 0
  for (const line of clientAdvice({ caPath: path, bundlePath, hasCertutil })) out.line(line)
  const { tlsCertFile } = context.config
  if (tlsCertFile !== undefined) {
    out.line(`The https door serves your own certificate "${tlsCertFile}", which this authority has no part in.`)
  }
}
