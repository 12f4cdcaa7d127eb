import type { User } from '../users/user-database.ts'
import type { TerminalSize } from './native/pseudo-terminal.ts'

/** What to run. */
export interface LaunchRequest {
  /** As the caller named it; becomes argv[0]. */
  command: string
  /** Absolute path of the executable. */
  program: string
  args: readonly string[]
  /** An existing directory. */
  cwd: string
  env: Readonly<Record<string, string>>
  user: User
  /** Whether the process gets an input to write to; else it reads /dev/null. Without meaning for a terminal. */
  hasStdin: boolean
  /** Size of the terminal that it runs on, if it does. */
  terminal: TerminalSize | undefined
}
