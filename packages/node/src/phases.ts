import type { EngineStatus } from '@drowse/engine'

/**
 * How far a sandbox is, as its manifest says. `creating`: never answered yet. `pooled`: made ahead and frozen, no sandbox of anybody yet. `booting`: a boot from files is under way, the saved image
 * (if any) is untouched. `killed`: gone for everybody, its parts are being removed. A wake from an image stays `paused` until the daemon has answered; a pause stays `running` until it is committed.
 */
export const SANDBOX_PHASES = ['creating', 'pooled', 'running', 'booting', 'paused', 'killed'] as const

/** Phase of a sandbox. */
export type SandboxPhase = (typeof SANDBOX_PHASES)[number]

/** The phase changes that a manifest may see; staying in a phase is always legal. */
export const PHASE_TRANSITIONS: Readonly<Record<SandboxPhase, readonly SandboxPhase[]>> = {
  creating: ['running', 'pooled', 'killed'],
  pooled: ['running', 'killed'],
  running: ['paused', 'killed'],
  booting: ['running', 'paused', 'killed'],
  paused: ['booting', 'running', 'killed'],
  killed: [],
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
 * - `remove`: its create was never answered, or its kill was; nothing of it stays.
 * - `adopt`: it runs; leftovers of a pause or a consumed image go.
 * - `thaw`: a pause was cut before its image was whole; it runs on.
 * - `adopt-pooled`: it waits for a create; back into the pool when its template is still as it was, else removed.
 * - `finish-pause`: the image is whole; the sandbox is paused and stays frozen, or its processes end.
 * - `lose-memory`: its processes are gone (reboot, crash); it is paused with its files.
 * - `confirm-wake`: a wake was cut after the restore; adopted when its daemon answers, else back to `rest`.
 * - `keep-frozen`: paused and still frozen over its image; it stays so while the tier has room for it.
 * - `keep-ready`: paused, with an empty container made for its next wake; it stays while there is room for it.
 * - `rest`: paused; what the engine holds of it goes.
 */
export type StartAction =
  | 'remove'
  | 'adopt-pooled'
  | 'adopt'
  | 'thaw'
  | 'finish-pause'
  | 'lose-memory'
  | 'confirm-wake'
  | 'keep-frozen'
  | 'keep-ready'
  | 'rest'

/** Decides what becomes of a folder at start. Total: every combination has an action, none throws saved state away. */
export function startAction(found: FoundSandbox): StartAction {
  const { phase, engine, hasCommittedImage } = found
  if (phase === 'creating' || phase === 'killed') return 'remove'
  if (phase === 'pooled') return engine === 'frozen' ? 'adopt-pooled' : 'remove'
  if (phase === 'booting') return 'rest'
  // Only a thaw or a restore leaves running processes behind this phase: a pause leaves them frozen, a boot from files has its own phase.
  if (phase === 'paused' && hasCommittedImage && engine === 'running') return 'confirm-wake'
  // Whoever is frozen here has not run since its image was written: a wake that fails ends its processes.
  if (phase === 'paused' && hasCommittedImage && engine === 'frozen') return 'keep-frozen'
  if (phase === 'paused' && hasCommittedImage && engine === 'created') return 'keep-ready'
  if (phase === 'paused') return 'rest'
  if (engine === 'running') return 'adopt'
  if (hasCommittedImage) return 'finish-pause'
  return engine === 'frozen' ? 'thaw' : 'lose-memory'
}
