/** Most bytes of headers a client may send. */
export const MAX_HEADER_BYTES = 64 * 1024
/** Time, in ms, that an idle connection of a client is kept (wire.md §2.4: 620 s). */
export const IDLE_LIMIT_MS = 620_000
/** Idle time, in ms, after which TCP asks whether a client still exists. */
export const PROBE_AFTER_MS = 60_000
