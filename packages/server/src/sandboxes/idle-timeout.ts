import type { Sandbox } from './sandbox.ts'

/** Smallest idle timeout, in seconds, that counts (wire.md §5.7). */
const MIN_IDLE_S = 30

/**
 * Reads how long, in ms, a sandbox may be without a connection: `metadata.idle_timeout` in seconds.
 * Infinity when it is absent, malformed or below 30 s: those are ignored without a word.
 */
export function idleTimeoutMs({ metadata }: Pick<Sandbox, 'metadata'>): number {
  const text = metadata['idle_timeout'] ?? ''
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0
  return seconds < MIN_IDLE_S ? Infinity : Math.round(seconds * 1000)
}
