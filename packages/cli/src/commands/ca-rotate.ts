import { acquireSetupLock, rotateAuthority, showAuthority, type Served } from '@drowse/setup'
import { loadContext, requireRoot, type CommandContext, type GlobalOptions } from '../command-context.ts'

/** `drowse ca rotate`: another authority, served at once. */
export async function caRotate(command: CommandContext, options: GlobalOptions): Promise<void> {
  requireRoot('ca rotate')
  const { out, err } = command
  const context = loadContext(command, options)
  const before = await showAuthority(context)
  await using _lock = await acquireSetupLock(context.folder.root)
  const served = await rotateAuthority(context, (detail) => err.line(`${detail} …`))
  const after = await showAuthority(context)
  if (before.count > 1) out.line('A rotation that had begun is finished.')
  else out.line(`old authority  SHA-256 ${before.fingerprint}`)
  out.line(`new authority  SHA-256 ${after.fingerprint}`)
  out.line(SERVED_WORDS[served])
  if (after.trust === 'trusted') out.line('The system trusts the new authority, and the old one no more.')
  out.line('Clients that trust the old authority are refused from now on. They need the new file, under the old name:')
  out.line(`  ${after.path}`)
  out.line(`  ${after.bundlePath}`)
  out.line('On this host, restart programs that read it when they started, and import it into browsers again.')
}

const SERVED_WORDS: Readonly<Record<Served, string>> = {
  served: 'The service serves a certificate of the new authority; open connections stay.',
  'not running': 'The service does not run; it serves a certificate of the new authority when it starts.',
  'own certificate': 'The https door goes on serving your own certificate.',
}
