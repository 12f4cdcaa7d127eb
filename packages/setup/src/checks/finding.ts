import type { SetupContext } from '../context.ts'

/** What one check saw. */
export interface Finding {
  /** What was looked at: a word or two. */
  name: string
  /** `fail` keeps sandboxes from running, `warn` makes them worse. */
  status: 'ok' | 'warn' | 'fail'
  /** What was seen, as a short sentence. */
  detail: string
  /** What the person does about it; present unless `ok`. */
  fix?: string
}

/** Looks at one thing on the host and changes nothing. */
export type Check = (context: SetupContext) => Promise<Finding>
