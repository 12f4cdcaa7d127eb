/** Every state a stored sandbox can be in. A killed one has no row. */
export const SANDBOX_STATES = [
  'creating',
  'running',
  'pausing',
  'paused',
  'resuming',
  'snapshotting',
  'killing',
] as const

/** State of a sandbox in the store. */
export type SandboxState = (typeof SANDBOX_STATES)[number]

/** The legal transitions; a store write that is not one of these is a bug. */
export const SANDBOX_TRANSITIONS: Readonly<Record<SandboxState, readonly SandboxState[]>> = {
  creating: ['running', 'killing'],
  running: ['pausing', 'snapshotting', 'killing', 'paused'],
  pausing: ['paused', 'running', 'killing'],
  paused: ['resuming', 'killing'],
  resuming: ['running', 'paused', 'killing'],
  snapshotting: ['running', 'killing'],
  killing: [],
}

/** What clients see: only running and paused exist for them (wire.md §5.1). */
export function publicState(state: SandboxState): 'running' | 'paused' {
  return state === 'running' || state === 'snapshotting' || state === 'creating' ? 'running' : 'paused'
}
