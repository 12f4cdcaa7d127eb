import { destroyBehind, type NodeContext } from '../node-context.ts'
import type { SandboxManifest } from '../sandbox-manifest.ts'

/**
 * Lets a paused sandbox, whose image is durable, stay frozen in RAM when the tier takes it; else its processes end behind.
 * `bytes` is the memory that it holds. Resolves with nothing to wait for: the pause is answered either way.
 */
export function keepFrozenOrEnd(context: NodeContext, paused: SandboxManifest, bytes: number): void {
  const sinceMs = paused.image === null ? context.clock.nowMs() : Date.parse(paused.image.createdAt)
  const untilMs = sinceMs + context.frozenLimitMs
  if (paused.image !== null && context.frozen.keep({ id: paused.id, bytes, sinceMs, untilMs })) return
  destroyBehind(context, paused.id)
}
