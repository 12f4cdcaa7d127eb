import { z } from 'zod'

/** A timeout in whole seconds, as clients send it; its range is the lifecycle's to check. */
export const timeoutSeconds = z.int('timeout must be a whole number of seconds')

/** Timeout, in seconds, of a create, connect or resume that names none (wire.md §5.4, §5.8). */
export const DEFAULT_TIMEOUT_S = 300
