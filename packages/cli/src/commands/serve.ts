import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { preflight, serviceCommand } from '@drowse/setup'
import { loadContext, type CommandContext, type GlobalOptions } from '../command-context.ts'

/** `drowse serve`: the same service in the foreground, logging to standard output. Resolves to its exit status when it has ended. */
export async function serve(command: CommandContext, options: GlobalOptions): Promise<number> {
  const context = loadContext(command, options)
  await preflight(context)
  const { file, args, env } = serviceCommand(context)
  // Not through exec(): it runs for as long as the person wants and owns the terminal.
  const child = spawn(file, args, { env, stdio: ['ignore', 'inherit', 'inherit'] })
  // From a terminal both get the interrupt; from elsewhere only this process does.
  command.signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}
