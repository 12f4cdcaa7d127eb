import type { Step, StepEvent } from './step.ts'

/** How to run a plan with {@link runSteps}. */
export interface RunStepsOptions {
  /** Hears of every step's start, progress and end; it must not throw. */
  onEvent: (event: StepEvent) => void
  /** Interrupts the plan: running steps are told, waiting ones do not start. */
  signal: AbortSignal
}

/**
 * Runs steps side by side, each as soon as those it comes after have ended well.
 * When one fails the others are aborted and waited for, then its error is thrown.
 */
export async function runSteps(plan: readonly Step[], options: RunStepsOptions): Promise<void> {
  const failure = new AbortController()
  const signal = AbortSignal.any([options.signal, failure.signal])
  const started = new Map<string, Promise<void>>()
  for (const step of plan) {
    const before = (step.after ?? []).map((id) => {
      const earlier = started.get(id)
      if (earlier === undefined)
        throw new Error(`step "${step.id}" comes after "${id}", which is not earlier in the plan`)
      return earlier
    })
    const run = Promise.all(before)
      .then(() => runStep(step, options.onEvent, signal))
      .catch((error: unknown) => {
        // The first failure is the plan's; what it brings down with it is not.
        failure.abort(error)
        throw error
      })
    started.set(step.id, run)
  }
  await Promise.allSettled(started.values())
  signal.throwIfAborted()
}

async function runStep(step: Step, onEvent: RunStepsOptions['onEvent'], signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const startMs = performance.now()
  onEvent({ type: 'started', step })
  try {
    const outcome = await step.run({ report: (detail) => onEvent({ type: 'progress', step, detail }), signal })
    onEvent({ type: 'ended', step, outcome, elapsedMs: performance.now() - startMs })
  } catch (error) {
    onEvent({ type: 'failed', step, error, elapsedMs: performance.now() - startMs })
    throw error
  }
}
