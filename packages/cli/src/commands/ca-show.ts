import { showAuthority, type Authority } from '@drowse/setup'
import { loadContext, type CommandContext, type GlobalOptions } from '../command-context.ts'

const TRUST_WORDS: Readonly<Record<Authority['trust'], string>> = {
  trusted: 'trusted by the system',
  other: 'the system trusts an older one of this installation; "sudo ./drowse ca install" makes it this one',
  none: 'not trusted by the system; "sudo ./drowse ca install" changes that',
}

/** `drowse ca show`: what a person compares of the authority, and whether the system trusts it. */
export async function caShow(command: CommandContext, options: GlobalOptions): Promise<void> {
  const { out } = command
  const context = loadContext(command, options)
  const authority = await showAuthority(context)
  const row = (name: string, value: string): void => out.line(`${name.padEnd(12)} ${value}`)
  row('authority', authority.path)
  row('bundle', `${authority.bundlePath} (the system's authorities and this one)`)
  row('subject', authority.subject)
  row('fingerprint', `SHA-256 ${authority.fingerprint}`)
  row('valid', `${day(authority.validFromMs)} to ${day(authority.validToMs)}`)
  row('signs for', constraints(authority))
  row('trust', TRUST_WORDS[authority.trust])
  if (authority.count > 1) row('rotation', 'has begun; "sudo ./drowse ca rotate" finishes it')
  const { tlsCertFile } = context.config
  if (tlsCertFile !== undefined) row('https door', `serves your own certificate "${tlsCertFile}", not this authority's`)
}

function constraints({ permitted }: Authority): string {
  if (permitted === undefined) return 'any name: it has no constraints'
  return `${permitted.join(', ')} and names below these; nothing else`
}

function day(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10)
}
