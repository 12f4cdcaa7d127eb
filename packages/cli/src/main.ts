import { createProgram } from './program.ts'
import type { CommandContext } from './command-context.ts'
import { formatError } from './output/format-error.ts'
import { streamTerminal } from './output/terminal.ts'

/** Status of a command that failed. */
const EXIT_FAILED = 1
/** Status of a command that was interrupted, as shells give it. */
const EXIT_INTERRUPTED = 130

// Files that others must read (guest runtime, base template) are made with the usual modes whatever the caller's are.
process.umask(0o022)
process.exitCode = await main()

async function main(): Promise<number> {
  const interrupt = new AbortController()
  const context: CommandContext = {
    env: process.env,
    out: streamTerminal(process.stdout),
    err: streamTerminal(process.stderr),
    signal: interrupt.signal,
  }
  const onSignal = (): void => {
    // The first asks for an orderly end, the second does not wait for it.
    if (interrupt.signal.aborted) process.exit(EXIT_INTERRUPTED)
    interrupt.abort(new Error('interrupted'))
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read this (head, less) has seen enough.
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  let exitCode = 0
  try {
    await createProgram(context, (code) => (exitCode = code)).parseAsync()
  } catch (error) {
    if (interrupt.signal.aborted) {
      context.err.line('\nInterrupted. Run the same command again to go on from here.')
      return EXIT_INTERRUPTED
    }
    context.err.line(formatError(error, context.err))
    return EXIT_FAILED
  }
  return exitCode
}
