/**
 * Stands between a service and what outlives it. Once it is down nothing of the service has an effect or gets an answer
 * any more, as after a kill -9: calls made later do nothing, calls on their way end unheard.
 */
export class Fence {
  readonly #fell = Promise.withResolvers<void>()
  #isDown = false

  /** Resolves when the fence goes down. */
  get fell(): Promise<void> {
    return this.#fell.promise
  }

  /** Cuts the service off. */
  drop(): void {
    this.#isDown = true
    this.#fell.resolve()
  }

  /** The same object behind the fence; methods in `sync` answer at once, objects in it are fenced too. */
  around<T extends object>(target: T, isDirect: (name: string) => boolean = () => false): T {
    return new Proxy(target, {
      get: (_target, name) => {
        const value: unknown = Reflect.get(target, name)
        if (typeof value === 'object' && value !== null) return this.around(value)
        if (typeof value !== 'function') return value
        if (isDirect(String(name))) return value.bind(target) as unknown
        return async (...args: unknown[]): Promise<unknown> => {
          if (this.#isDown) return await never()
          const result = await settle(async () => (await Reflect.apply(value, target, args)) as unknown)
          if (this.#isDown) return await never()
          if ('error' in result) throw result.error
          return result.value
        }
      },
    })
  }
}

async function settle(work: () => Promise<unknown>): Promise<{ value: unknown } | { error: unknown }> {
  try {
    return { value: await work() }
  } catch (error) {
    return { error }
  }
}

async function never(): Promise<never> {
  return await new Promise<never>(() => {})
}
