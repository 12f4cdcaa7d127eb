import type { EngineStatus } from '@drowse/engine'

/**
 * How far a sandbox is, as its manifest says. `creating`: never answered yet. `booting`: a boot from files is under way, the saved image
 * (if any) is untouched. A wake from an image stays `paused` until the daemon has answered; a pause stays `running` until it is committed.
 */
export const SANDBOX_PHASES = ['creating', 'running', 'booting', 'paused'] as const

/** Phase of a sandbox. */
export type SandboxPhase = (typeof SANDBOX_PHASES)[number]

/** The phase changes that a manifest may see; staying in a phase is always legal. */
export const PHASE_TRANSITIONS: Readonly<Record<SandboxPhase, readonly SandboxPhase[]>> = {
  creating: ['running'],
  running: ['paused'],
  booting: ['running', 'paused'],
  paused: ['booting', 'running'],
}

/** What {@link startAction} may find for a folder at start. */
export interface FoundSandbox {
  phase: SandboxPhase
  engine: EngineStatus
  /** `image/` is whole and was written by the run that the manifest is about. */
  hasCommittedImage: boolean
}

/**
 * What the start of a node does with a folder.
 * - `remove`: its create was never answered; nothing of it stays.
 * - `adopt`: it runs; leftovers of a pause or a consumed image go.
 * - `thaw`: a pause was cut before its image was whole; it runs on.
 * - `finish-pause`: the image is whole; the sandbox is paused and its processes end.
 * - `lose-memory`: its processes are gone (reboot, crash); it is paused with its files.
 * - `confirm-wake`: a wake was cut after the restore; adopted when its daemon answers, else back to `rest`.
 * - `rest`: paused; what the engine holds of it goes.
 */
export type StartAction = 'remove' | 'adopt' | 'thaw' | 'finish-pause' | 'lose-memory' | 'confirm-wake' | 'rest'

/** Decides what becomes of a folder at start. Total: every combination has an action, none throws saved state away. */
export function startAction(found: FoundSandbox): StartAction {
  const { phase, engine, hasCommittedImage } = found
  if (phase === 'creating') return 'remove'
  if (phase === 'booting') return 'rest'
  // Only a restore leaves running processes behind this phase: a pause leaves them frozen, a boot from files has its own phase.
  if (phase === 'paused') return engine === 'running' && hasCommittedImage ? 'confirm-wake' : 'rest'
  if (engine === 'running') return 'adopt'
  if (hasCommittedImage) return 'finish-pause'
  return engine === 'frozen' ? 'thaw' : 'lose-memory'
}
