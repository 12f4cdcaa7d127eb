import { examine } from '@drowse/setup'
import { loadContext, requireRoot, type CommandContext, type GlobalOptions } from '../command-context.ts'

const MARKS = { ok: ['green', 'ok  '], warn: ['yellow', 'warn'], fail: ['red', 'FAIL'] } as const

/** `drowse doctor`: looks at all that sandboxes need of this host. Resolves to whether nothing failed. */
export async function doctor(command: CommandContext, options: GlobalOptions): Promise<boolean> {
  requireRoot('doctor')
  const { out } = command
  const context = loadContext(command, options)
  let failures = 0
  for await (const { name, status, detail, fix } of examine(context)) {
    const [color, mark] = MARKS[status]
    out.line(`${out.style(color, mark)}  ${name.padEnd(30)} ${detail}`)
    if (fix !== undefined) out.line(`      ${out.style('cyan', 'fix:')} ${fix}`)
    if (status === 'fail') failures++
  }
  out.line()
  out.line(failures === 0 ? 'This machine can run sandboxes.' : `${failures} of these keep sandboxes from running.`)
  return failures === 0
}
