import { DrowseError } from '@drowse/protocol'

/** Parts of a setup failure besides its sentence. */
export interface SetupErrorOptions {
  /** What the person does next; shown as `hint:`. */
  hint: string
  /** More facts, such as the end of a program's output. */
  detail?: string
  cause?: unknown
}

/** Makes the error of a setup step that failed: a sentence, details and the way out. Its code is "setup_failed". */
export function setupError(message: string, options: SetupErrorOptions): DrowseError {
  const { hint, detail, cause } = options
  return new DrowseError('setup_failed', message, {
    details: { hint, ...(detail === undefined ? {} : { detail }) },
    ...(cause === undefined ? {} : { cause }),
  })
}
