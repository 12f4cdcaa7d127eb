import { randomUUID } from 'node:crypto'
import { DrowseError } from '@drowse/protocol'
import type { Context, ContextInfo } from './context.ts'
import type { Language } from './language.ts'

/** All contexts of the sandbox: those that clients made, and one a language for code that names none. */
export class ContextRegistry {
  readonly #make: (info: ContextInfo) => Context
  readonly #defaultCwd: string
  readonly #contexts = new Map<string, Context>()
  readonly #defaults = new Map<Language, Context>()

  constructor(make: (info: ContextInfo) => Context, defaultCwd: string) {
    this.#make = make
    this.#defaultCwd = defaultCwd
  }

  /** Makes a context whose kernel takes cells. Throws a `DrowseError` when it cannot be started. */
  async create(language: Language, cwd: string | undefined): Promise<Context> {
    const context = this.#add(language, cwd ?? this.#defaultCwd)
    try {
      await context.prepare()
      return context
    } catch (error) {
      this.#drop(context)
      throw DrowseError.from(error)
    }
  }

  /** Gives the context of code that names a language only, made when it is first used. */
  async default(language: Language): Promise<Context> {
    const present = this.#defaults.get(language)
    if (present !== undefined) return present
    const context = this.#add(language, this.#defaultCwd)
    // Kept before it has started, so that calls that come at the same time share it.
    this.#defaults.set(language, context)
    try {
      await context.prepare()
      return context
    } catch (error) {
      this.#drop(context)
      throw error
    }
  }

  /** Gives a context by id. Throws a 404 when there is none. */
  get(id: string): Context {
    const context = this.#contexts.get(id)
    if (context === undefined) throw new DrowseError('not_found', `Context ${id} not found`)
    return context
  }

  /** Lists the contexts, oldest first. */
  list(): ContextInfo[] {
    return [...this.#contexts.values()].map((context) => context.info)
  }

  /** Ends a context. A default one comes back, fresh, when it is used next. */
  remove(id: string): void {
    this.#drop(this.get(id))
  }

  /** Ends all. */
  close(): void {
    for (const context of this.#contexts.values()) context.close()
    this.#contexts.clear()
    this.#defaults.clear()
  }

  #add(language: Language, cwd: string): Context {
    const context = this.#make({ id: randomUUID({ disableEntropyCache: true }), language, cwd })
    this.#contexts.set(context.info.id, context)
    return context
  }

  #drop(context: Context): void {
    const { id, language } = context.info
    this.#contexts.delete(id)
    if (this.#defaults.get(language) === context) this.#defaults.delete(language)
    context.close()
  }
}
