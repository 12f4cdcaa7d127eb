import { findOnPath } from '../host/find-on-path.ts'
import { runscProblem } from './probe-runsc.ts'
import type { RunscCandidate } from './runsc-candidate.ts'

/** Looks for a usable runsc in the folders of PATH. */
export async function findRunsc(path: string | undefined): Promise<RunscCandidate | undefined> {
  for (const candidate of findOnPath('runsc', path)) {
    if ((await runscProblem(candidate)) === undefined) return { path: candidate, source: `found at ${candidate}` }
  }
  return undefined
}
