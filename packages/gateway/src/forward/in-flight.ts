import type { SandboxId } from '@drowse/protocol'
import type { StopCause } from '../route-source.ts'

/** Something that goes on between a client and a sandbox: a request, a stream, an upgraded socket. */
export interface Exchange {
  /** Ends the sandbox's side at once; the client's side follows. Without a cause it is the gateway that closes. */
  cutUpstream(cause?: StopCause): void
}

/** Every exchange that goes on now, by sandbox. */
export class InFlight {
  readonly #onChange: (id: SandboxId, delta: 1 | -1) => void
  readonly #exchanges = new Map<SandboxId, Set<Exchange>>()

  /** `onChange` is told of each beginning (1) and, exactly once for each, of its end (-1). */
  constructor(onChange: (id: SandboxId, delta: 1 | -1) => void) {
    this.#onChange = onChange
  }

  /** Counts an exchange until the returned function is called; calling that again does nothing. */
  begin(id: SandboxId, exchange: Exchange): () => void {
    const exchanges = this.#exchanges.get(id) ?? new Set()
    this.#exchanges.set(id, exchanges.add(exchange))
    this.#onChange(id, 1)
    return () => {
      if (!exchanges.delete(exchange)) return
      if (exchanges.size === 0 && this.#exchanges.get(id) === exchanges) this.#exchanges.delete(id)
      this.#onChange(id, -1)
    }
  }

  /** How many go on now; a sandbox without any that is still known counts too, as it should not be. */
  get size(): number {
    let size = 0
    for (const exchanges of this.#exchanges.values()) size += Math.max(1, exchanges.size)
    return size
  }

  /** Cuts every exchange of one sandbox. */
  cut(id: SandboxId, cause?: StopCause): void {
    for (const exchange of this.#exchanges.get(id) ?? []) exchange.cutUpstream(cause)
  }

  /** Cuts every exchange of every sandbox. */
  cutAll(): void {
    for (const id of this.#exchanges.keys()) this.cut(id)
  }
}
