import { killOne } from './kill-one.ts'

/** Pause, in ms, between two rounds, and the most rounds: 10 s in all. */
const ROUND_MS = 50
const MAX_ROUNDS = 200

/**
 * Kills a process group, again and again until none of it is left, 10 s at most. Processes that are being forked can escape one round,
 * and those of a fork bomb always do. Returns false when there was no such group.
 */
export function killGroup(group: number): boolean {
  if (!killOne(-group, 'SIGKILL')) return false
  sweep(group, 1)
  return true
}

function sweep(group: number, round: number): void {
  if (round >= MAX_ROUNDS) return
  const timer = setTimeout(() => {
    if (killOne(-group, 'SIGKILL')) sweep(group, round + 1)
  }, ROUND_MS)
  timer.unref()
}
