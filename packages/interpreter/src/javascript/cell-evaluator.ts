import { Session, type Runtime } from 'node:inspector'
import { stripTypeScriptTypes } from 'node:module'
import { Script } from 'node:vm'
import { moduleImporter } from './import-module.ts'
import { IMPORTER, rewriteImports } from './rewrite-imports.ts'

/** How a cell ended. */
export type CellOutcome =
  | { kind: 'value'; value: unknown }
  | { kind: 'error'; error: unknown }
  | { kind: 'interrupted' }

const TAKE = Symbol.for('drowse.take')
const RUN = Symbol.for('drowse.run')

/**
 * Evaluates cells as V8's own console does (`replMode`): `await` at the top, declarations that later cells may repeat, the value of the
 * last expression. An interrupt ends code that does not return.
 */
export class CellEvaluator {
  readonly #session = new Session()
  readonly #isTypeScript: boolean
  readonly #start = new Script(`globalThis[Symbol.for(${JSON.stringify(Symbol.keyFor(RUN))})]()`, {
    filename: 'node:drowse',
  })

  /** `folder` is where relative imports start. */
  constructor(folder: string, isTypeScript: boolean) {
    this.#isTypeScript = isTypeScript
    this.#session.connect()
    hide(IMPORTER, moduleImporter(folder))
  }

  /** Evaluates a cell. `onInterrupt` gets a function that ends the wait for a cell that has not ended yet. */
  async evaluate(code: string, onInterrupt: (interrupt: () => void) => void): Promise<CellOutcome> {
    let source: string
    try {
      source = rewriteImports(this.#isTypeScript ? stripTypes(code) : code)
    } catch (error) {
      return { kind: 'error', error }
    }
    const outcome = await this.#run(source, onInterrupt)
    if (this.#isTypeScript || outcome.kind !== 'error' || !isSyntaxError(outcome.error)) return outcome
    // Nothing of a cell with such an error has run. One that is TypeScript is taken as what it is.
    const stripped = attempt(() => rewriteImports(stripTypes(code)))
    return stripped === undefined || stripped === source ? outcome : this.#run(stripped, onInterrupt)
  }

  #run(expression: string, onInterrupt: (interrupt: () => void) => void): Promise<CellOutcome> {
    const { promise, resolve } = Promise.withResolvers<CellOutcome>()
    const interrupt = (): void => resolve({ kind: 'interrupted' })
    onInterrupt(interrupt)
    const post = (): void =>
      this.#session.post(
        'Runtime.evaluate',
        { expression, replMode: true, awaitPromise: true, objectGroup: 'cell' },
        (error, answer) => {
          if (error !== null || answer === undefined) return interrupt()
          // Node's types do not know `replMode`, and with it not what the method answers.
          resolve(this.#outcome(answer as Runtime.EvaluateReturnType))
          this.#session.post('Runtime.releaseObjectGroup', { objectGroup: 'cell' })
        },
      )
    hide(RUN, post)
    try {
      this.#start.runInThisContext({ breakOnSigint: true })
    } catch {
      interrupt()
    }
    return promise
  }

  #outcome({ result, exceptionDetails }: Runtime.EvaluateReturnType): CellOutcome {
    if (exceptionDetails === undefined) return { kind: 'value', value: this.#valueOf(result) }
    const thrown = exceptionDetails.exception
    return { kind: 'error', error: thrown === undefined ? new Error(exceptionDetails.text) : this.#valueOf(thrown) }
  }

  /** Gets at the value that the inspector only describes. */
  #valueOf(remote: Runtime.RemoteObject): unknown {
    if (remote.objectId === undefined) {
      const { unserializableValue: text } = remote
      if (text === undefined) return remote.value
      return text.endsWith('n') ? BigInt(text.slice(0, -1)) : Number(text)
    }
    let value: unknown
    hide(TAKE, (taken: unknown) => (value = taken))
    this.#session.post('Runtime.callFunctionOn', {
      functionDeclaration: `function () { 'use strict'; globalThis[Symbol.for(${JSON.stringify(Symbol.keyFor(TAKE))})](this) }`,
      objectId: remote.objectId,
      silent: true,
    })
    return value
  }
}

function hide(name: string | symbol, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, configurable: true, enumerable: false })
}

function stripTypes(code: string): string {
  return attempt(() => stripTypeScriptTypes(code)) ?? stripTypeScriptTypes(code, { mode: 'transform' })
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch {
    return undefined
  }
}

/** An error of the parser names no place in the cell: none of it has run. */
function isSyntaxError(error: unknown): boolean {
  return error instanceof SyntaxError && !/\n\s+at (.*\()?<anonymous>:\d+/.test(error.stack ?? '')
}
