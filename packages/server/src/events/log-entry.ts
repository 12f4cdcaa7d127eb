import type { EventName, SandboxEvent } from './event.ts'

/** Levels from the least to the most. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const

/** How much an entry matters. */
export type LogLevel = (typeof LOG_LEVELS)[number]

/** An event as a line of a sandbox's log. */
export interface LogEntry {
  atMs: number
  level: LogLevel
  /** A sentence. */
  message: string
  fields: Readonly<Record<string, string>>
}

interface Wording {
  level: LogLevel
  sentence: string
  /** Field of the event's data that the sentence ends with. */
  detail?: string
}

const WORDINGS: Readonly<Record<EventName, Wording>> = {
  'sandbox.created': { level: 'info', sentence: 'Sandbox was created' },
  'sandbox.paused': { level: 'info', sentence: 'Sandbox was paused', detail: 'reason' },
  'sandbox.resumed': { level: 'info', sentence: 'Sandbox was resumed', detail: 'reason' },
  'sandbox.killed': { level: 'info', sentence: 'Sandbox was killed', detail: 'reason' },
  'sandbox.died': { level: 'error', sentence: 'Sandbox lost its processes', detail: 'reason' },
  'sandbox.tier': { level: 'debug', sentence: 'Saved state moved to another tier', detail: 'tier' },
  'sandbox.memory-limit': {
    level: 'warn',
    sentence: 'Memory limit was reached and a process ended',
    detail: 'process',
  },
  'sandbox.pause-failed': { level: 'error', sentence: 'Sandbox could not be paused and runs on' },
  'sandbox.resume-failed': {
    level: 'error',
    sentence: 'Sandbox could not be resumed and stays paused',
    detail: 'reason',
  },
  'sandbox.network': { level: 'info', sentence: 'Network rules were changed' },
  'sandbox.image-damaged': { level: 'error', sentence: 'Saved memory is damaged', detail: 'reason' },
  'sandbox.mismatch': { level: 'error', sentence: 'Stored state and host do not agree', detail: 'reason' },
}

/** Turns an event into a line. A start from files is a warning, and says why. */
export function logEntry({ atMs, sandboxId, name, data }: SandboxEvent): LogEntry {
  const { level, sentence, detail } = WORDINGS[name]
  const fields = Object.fromEntries(
    Object.entries(data).flatMap(([key, value]) => (value === undefined ? [] : [[key, text(value)] as const])),
  )
  const more = detail === undefined ? undefined : fields[detail]
  const { coldReason } = fields
  const cold = coldReason === undefined ? '' : `; it booted from its files: ${coldReason}`
  return {
    atMs,
    level: coldReason === undefined ? level : 'warn',
    message: `${sentence}${more === undefined ? '' : ` (${more})`}${cold}`,
    fields: { event: name, sandboxID: sandboxId, ...fields },
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
