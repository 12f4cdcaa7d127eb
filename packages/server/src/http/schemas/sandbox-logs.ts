import { z } from 'zod'
import { LOG_LEVELS, type LogEntry } from '../../events/log-entry.ts'

/** Most and default lines of one answer. */
const MAX_LINES = 1_000
/** Latest instant that a date can be, in ms. */
const MAX_MS = 8.64e15

const instant = z.coerce.number().int().min(0).max(MAX_MS).optional()
const limit = z.coerce.number().int().min(0).max(MAX_LINES).default(MAX_LINES)

/** Query of `GET /sandboxes/:sandboxID/logs`; `start` in ms. */
export const logsQuery = z.object({ start: instant, limit })

/** Query of `GET /v2/sandboxes/:sandboxID/logs`; `cursor` is an instant in ms, lines of that instant included. */
export const pagedLogsQuery = z.object({
  cursor: instant,
  limit,
  direction: z.enum(['forward', 'backward'], 'direction must be "forward" or "backward"').default('forward'),
  level: z.enum(LOG_LEVELS, 'level must be "debug", "info", "warn" or "error"').optional(),
  search: z.string().max(256).optional(),
})

const entry = z.object({
  timestamp: z.string(),
  level: z.enum(LOG_LEVELS),
  message: z.string(),
  fields: z.record(z.string(), z.string()),
})

/** Answer of the older route: each entry also as a line of JSON, which is what E2B's command line reads. */
export const logsResponse = z.object({
  logs: z.array(z.object({ timestamp: z.string(), line: z.string() })),
  logEntries: z.array(entry),
})

/** Answer of the newer route. */
export const pagedLogsResponse = z.object({ logs: z.array(entry) })

/** An entry as clients read it. */
export function presentLogEntry({ atMs, level, message, fields }: LogEntry): z.infer<typeof entry> {
  return { timestamp: new Date(atMs).toISOString(), level, message, fields: { ...fields } }
}

/** An entry as a line. */
export function presentLogLine(logged: LogEntry): { timestamp: string; line: string } {
  const { level, message, fields } = logged
  const line = JSON.stringify({ level, logger: 'drowse', message, ...fields })
  return { timestamp: new Date(logged.atMs).toISOString(), line }
}
