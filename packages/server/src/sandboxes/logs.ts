import { isSandboxId } from '@drowse/protocol'
import { LOG_LEVELS, logEntry, type LogEntry, type LogLevel } from '../events/log-entry.ts'
import { sandboxNotFound } from './lifecycle-errors.ts'
import type { LifecycleContext } from './lifecycle-context.ts'

/** Events that are looked through for one answer at most. */
const MAX_EVENTS = 10_000

/** Which lines of a sandbox's log a client wants. */
export interface LogsRequest {
  /** Forward gives the oldest first. */
  direction: 'forward' | 'backward'
  limit: number
  /** Instant to begin at, included; forward from there, or backward. */
  cursorMs?: number
  /** Least level. */
  level?: LogLevel
  /** Text that the message holds, whatever its case. */
  search?: string
}

/**
 * What happened to a sandbox, from its events. They outlive it, so a team can read why one of its sandboxes is gone until newer
 * events have pushed those out. Never wakes it. Throws "not_found" for an unknown id and for another team's.
 */
export async function readSandboxLogs(
  context: LifecycleContext,
  teamId: string,
  id: string,
  { direction, limit, cursorMs, level = 'debug', search = '' }: LogsRequest,
): Promise<LogEntry[]> {
  if (!isSandboxId(id)) throw sandboxNotFound(id)
  const events = await context.store.events.listBySandbox(id, {
    order: direction === 'forward' ? 'asc' : 'desc',
    limit: MAX_EVENTS,
    ...(cursorMs === undefined ? {} : { fromMs: cursorMs }),
  })
  const own = events.filter((event) => event.teamId === teamId)
  if (own.length === 0 && (await context.store.sandboxes.find(id))?.teamId !== teamId) {
    const [first] = await context.store.events.listBySandbox(id, { order: 'asc', limit: 1 })
    if (first?.teamId !== teamId) throw sandboxNotFound(id)
  }
  const least = LOG_LEVELS.indexOf(level)
  const wanted = search.toLowerCase()
  return own
    .map(logEntry)
    .filter((entry) => LOG_LEVELS.indexOf(entry.level) >= least && entry.message.toLowerCase().includes(wanted))
    .slice(0, limit)
}
