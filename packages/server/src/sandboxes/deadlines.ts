import { DrowseError } from '@drowse/protocol'
import { idleTimeoutMs } from './idle-timeout.ts'
import type { Sandbox } from './sandbox.ts'

/** Shortest run, in ms, that a wake by traffic gives (wire.md §5.4). */
const MIN_WAKE_TIMEOUT_MS = 300_000
/** Shortest extension, in ms, of a refresh (wire.md §5.3). */
const MIN_REFRESH_MS = 15_000

/** The instants of one run. */
export type RunDeadlines = Pick<Sandbox, 'startedAtMs' | 'maxEndAtMs' | 'endAtMs'>
/** The instants that a running sandbox's timeout decides. */
export type EndDeadlines = Pick<Sandbox, 'maxEndAtMs' | 'endAtMs'>

/** Deadlines of a run that starts at `nowMs` and lasts `timeoutMs`, at most `planMs`. */
export function startDeadlines(
  sandbox: Pick<Sandbox, 'metadata'>,
  nowMs: number,
  timeoutMs: number,
  planMs: number,
): RunDeadlines {
  return { startedAtMs: nowMs, ...ending(sandbox, nowMs, nowMs + Math.min(timeoutMs, planMs)) }
}

/** Deadlines after `connect` to a running sandbox: never earlier than before, not beyond the plan. */
export function extendDeadlines(sandbox: Sandbox, nowMs: number, timeoutMs: number, planMs: number): EndDeadlines {
  const wanted = Math.min(nowMs + timeoutMs, sandbox.startedAtMs + planMs)
  return ending(sandbox, nowMs, Math.max(wanted, sandbox.maxEndAtMs))
}

/** Deadlines after a refresh: as {@link extendDeadlines}, by 15 s at least. */
export function refreshDeadlines(sandbox: Sandbox, nowMs: number, durationMs: number, planMs: number): EndDeadlines {
  return extendDeadlines(sandbox, nowMs, Math.max(durationMs, MIN_REFRESH_MS), planMs)
}

/**
 * Deadlines after `setTimeout`: exactly `timeoutMs` from now, earlier or later than before; below 0 counts as 0.
 * Beyond the plan it is cut. Throws "invalid_argument" when the run is older than the plan allows.
 */
export function setDeadlines(sandbox: Sandbox, nowMs: number, timeoutMs: number, planMs: number): EndDeadlines {
  const lastMs = sandbox.startedAtMs + planMs
  if (nowMs >= lastMs) throw new DrowseError('invalid_argument', 'Max instance length exceeded')
  return ending(sandbox, nowMs, Math.min(nowMs + Math.max(0, timeoutMs), lastMs))
}

/** Timeout of a run that traffic starts: the one given at create, five minutes at least, the plan at most. */
export function wakeTimeoutMs(sandbox: Sandbox, planMs: number): number {
  return Math.min(Math.max(MIN_WAKE_TIMEOUT_MS, sandbox.createTimeoutMs), planMs)
}

/** Throws "invalid_argument" unless a timeout for a new run is above 0 and within the plan. */
export function checkTimeout(timeoutMs: number, planMs: number): void {
  if (timeoutMs <= 0) throw new DrowseError('invalid_argument', 'Timeout must be greater than 0')
  if (timeoutMs > planMs) {
    throw new DrowseError('invalid_argument', `Timeout cannot be greater than ${planMs / 3_600_000} hours`)
  }
}

/** The end of a run as it is stored: everything that changes it begins the idle time again (wire.md §5.7). */
function ending(sandbox: Pick<Sandbox, 'metadata'>, nowMs: number, maxEndAtMs: number): EndDeadlines {
  return { maxEndAtMs, endAtMs: Math.min(maxEndAtMs, nowMs + idleTimeoutMs(sandbox)) }
}
