import type { Logger } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'
import type { NodeOperation, NodeStep, StepHook, StepOf } from './node-steps.ts'

/** Times the steps of one operation and logs them as one line. */
export class StepLog<Operation extends NodeOperation> {
  readonly #operation: Operation
  readonly #id: string
  readonly #logger: Logger
  readonly #onStep: StepHook
  readonly #startedAtMs = performance.now()
  readonly #stepMs: Record<string, number> = {}

  constructor(options: { operation: Operation; id: string; logger: Logger; onStep: StepHook }) {
    this.#operation = options.operation
    this.#id = options.id
    this.#logger = options.logger
    this.#onStep = options.onStep
  }

  /** Runs one step; its time is kept also when it fails. */
  async run<T>(name: StepOf<Operation>, work: () => Promise<T>): Promise<T> {
    const startedAtMs = performance.now()
    let result: T
    try {
      result = await work()
    } finally {
      this.#stepMs[name] = tenths(performance.now() - startedAtMs)
    }
    // The two halves are a step of the list by the type of `name`, which TypeScript does not put together again.
    await this.#onStep(`${this.#operation}.${name}` as NodeStep)
    return result
  }

  /** Logs the operation as done. */
  done(fields: object = {}): void {
    this.#logger.info({ ...this.#fields(), ...fields }, `sandbox ${this.#operation} done`)
  }

  /** Logs the operation as failed. */
  failed(error: unknown): void {
    this.#logger.warn({ ...this.#fields(), err: DrowseError.from(error) }, `sandbox ${this.#operation} failed`)
  }

  #fields(): object {
    return {
      operation: this.#operation,
      sandboxId: this.#id,
      totalMs: tenths(performance.now() - this.#startedAtMs),
      stepMs: this.#stepMs,
    }
  }
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10
}
