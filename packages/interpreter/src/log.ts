import { inspect } from 'node:util'

/** Writes one line about something that went wrong and did not stop the interpreter. */
export type Log = (message: string, error?: unknown) => void

/** A log on standard error, one line an entry, with the stack of errors. */
export function createStderrLog(): Log {
  return (message, error) => {
    const detail = error === undefined ? '' : `: ${inspect(error)}`
    process.stderr.write(`${new Date().toISOString()} ${message}${detail}\n`)
  }
}
