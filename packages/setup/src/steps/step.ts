/** What a step gets while it runs. */
export interface StepTools {
  /** Tells the person what the step is doing at this moment; a few words. */
  report: (detail: string) => void
  /** Aborts when the person interrupts or another step fails. */
  signal: AbortSignal
}

/** How a step ended well. */
export interface StepOutcome {
  /** `done` did the work, `kept` found it done. */
  status: 'done' | 'kept'
  /** A few words on the result. */
  detail?: string
}

/** One piece of work with a name. Running it again after any interruption finishes it. */
export interface Step {
  id: string
  /** What it does, in the words shown to people. */
  title: string
  /** Ids of steps that must have ended well before; they stand earlier in the plan. */
  after?: readonly string[]
  run(tools: StepTools): Promise<StepOutcome>
}

/** What happens to a step while a plan runs. */
export type StepEvent =
  | { type: 'started'; step: Step }
  | { type: 'progress'; step: Step; detail: string }
  | { type: 'ended'; step: Step; outcome: StepOutcome; elapsedMs: number }
  | { type: 'failed'; step: Step; error: unknown; elapsedMs: number }
