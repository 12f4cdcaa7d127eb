import type { Sandbox } from './sandbox.ts'

/**
 * Whether traffic may wake a sandbox when it is paused: it was made with auto-resume, and the pause keeps memory.
 * `metadata.auto_resume` "true" is the older spelling and needs no pause on timeout (wire.md §5.5, §5.8).
 */
export function isWakeable(sandbox: Sandbox): boolean {
  if (sandbox.pauseMode === 'filesystem') return false
  return (sandbox.autoResume && sandbox.autoPause) || sandbox.metadata['auto_resume'] === 'true'
}
