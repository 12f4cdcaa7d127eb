import { join, resolve } from 'node:path'
import { loadConfig, type Config } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'
import { setupContext, type SetupContext } from '@drowse/setup'
import type { Terminal } from './output/terminal.ts'

/** Options that every command takes. */
export interface GlobalOptions {
  data?: string | undefined
}

/** What a command works with, besides its own options. */
export interface CommandContext {
  /** Environment of the process. */
  env: Readonly<Record<string, string | undefined>>
  /** Standard output; results and progress. */
  out: Terminal
  /** Standard error; remarks that must not mix with results. */
  err: Terminal
  /** Aborts when the person interrupts. */
  signal: AbortSignal
}

/** Root of the clone that this file is in. */
const REPOSITORY = join(import.meta.dirname, '..', '..', '..')

/** Reads the settings for one command. Throws "invalid_argument" that names a bad one. */
export function loadContext({ env }: CommandContext, options: GlobalOptions): SetupContext {
  return setupContext({ config: readConfig(env, options), repository: REPOSITORY, env })
}

function readConfig(env: CommandContext['env'], { data }: GlobalOptions): Config {
  try {
    // A relative folder is meant from where the person is; the service runs elsewhere.
    return loadConfig({ env, ...(data === undefined ? {} : { flags: { dataDirectory: resolve(data) } }) })
  } catch (error) {
    const { code, message } = DrowseError.from(error)
    const hint = 'Correct it in the environment, on the command line, or in drowse.json in the data folder.'
    throw new DrowseError(code, message, { details: { hint }, cause: error })
  }
}

/** Throws when this process is not root; `command` is what the person typed after `drowse`. */
export function requireRoot(command: string): void {
  if (process.getuid?.() === 0) return
  throw new DrowseError('permission_denied', `Cannot run "drowse ${command}": it needs root`, {
    details: { hint: `Run "sudo ./drowse ${command}".` },
  })
}
