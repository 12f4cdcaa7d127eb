import type { KernelCommand, KernelEvent } from '../kernel/kernel-event.ts'
import type { CellEvaluator, CellOutcome } from './cell-evaluator.ts'
import { errorEvent } from './error-event.ts'
import type { EventWriter } from './event-writer.ts'
import { mediaOf } from './media.ts'
import { reseed } from './reseed.ts'

/** Runs the cells that come, one after the other, and says what becomes of them. */
export class CellRunner {
  readonly #evaluator: CellEvaluator
  readonly #events: EventWriter
  #last: Promise<void> = Promise.resolve()
  #interrupt: (() => void) | undefined

  constructor(evaluator: CellEvaluator, events: EventWriter) {
    this.#evaluator = evaluator
    this.#events = events
  }

  /** Queues a cell. */
  take(command: KernelCommand): void {
    this.#last = this.#last.then(() => this.#run(command))
  }

  /** Ends the wait for the cell that runs. What it has begun goes on in the background. */
  interrupt(): void {
    this.#interrupt?.()
  }

  async #run(command: KernelCommand): Promise<void> {
    try {
      await this.#runCell(command)
    } catch (error) {
      // Nothing of a cell may keep the next one waiting.
      this.#events.send(errorEvent(error))
    }
    this.#events.send({ type: 'idle' })
  }

  async #runCell(command: KernelCommand): Promise<void> {
    this.#events.send({ type: 'started' })
    if (command.reseed) reseed()
    Object.assign(process.env, command.sandboxEnv)
    const restore = setVariables(command.env)
    const outcome = await this.#evaluator.evaluate(command.code, (interrupt) => (this.#interrupt = interrupt))
    this.#interrupt = undefined
    const event = await toEvent(outcome)
    if (event !== undefined) this.#events.send(event)
    restore()
  }
}

async function toEvent(outcome: CellOutcome): Promise<KernelEvent | undefined> {
  if (outcome.kind === 'interrupted') return errorEvent(new Error('The execution was interrupted'))
  if (outcome.kind === 'error') return errorEvent(outcome.error)
  if (outcome.value === undefined) return undefined
  try {
    return { type: 'result', isMain: true, data: await mediaOf(outcome.value) }
  } catch (error) {
    return errorEvent(error)
  }
}

/** Sets variables and gives what puts the old ones back, except those that have changed since. */
function setVariables(variables: Readonly<Record<string, string>>): () => void {
  const old = Object.keys(variables).map((name) => [name, process.env[name]] as const)
  Object.assign(process.env, variables)
  return () => {
    for (const [name, value] of old) {
      if (process.env[name] !== variables[name]) continue
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}
