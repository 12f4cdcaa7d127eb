import { DrowseError, ERROR_CODES } from '@drowse/protocol'
import type { Terminal } from './terminal.ts'

/** Writes what went wrong: a sentence, details, and the next thing to do. */
export function formatError(error: unknown, terminal: Pick<Terminal, 'style'>): string {
  const known = DrowseError.from(error)
  const { detail, hint } = known.details
  const lines = [`${terminal.style('red', 'error:')} ${known.message}`]
  if (typeof detail === 'string' && detail !== '')
    lines.push(
      ...detail
        .trimEnd()
        .split('\n')
        .map((line) => `  ${line}`),
    )
  // An error that nobody foresaw: its stack is the only trace of it.
  if (!(error instanceof DrowseError) && error instanceof Error) lines.push(...(error.stack ?? '').split('\n').slice(1))
  const advice = typeof hint === 'string' ? hint : ERROR_CODES[known.code].hint
  if (advice !== '') lines.push(`${terminal.style('cyan', 'hint:')} ${advice}`)
  return lines.join('\n')
}
