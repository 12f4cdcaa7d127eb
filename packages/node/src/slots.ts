import type { ForeignSlots } from '@drowse/engine'
import { DrowseError } from '@drowse/protocol'

/** Who has which place in the host's network. Places are kept across pauses and given again only after {@link SlotTable.release}. */
export class SlotTable {
  readonly #look: () => ForeignSlots
  readonly #slotOf = new Map<string, number>()
  readonly #taken = new Set<number>()

  /** `look` tells which slots others on the host use at that moment. */
  constructor(look: () => ForeignSlots) {
    this.#look = look
  }

  /**
   * Takes the lowest slot that nobody uses, here or elsewhere on the host, for `id`. One that `id` has already is confirmed, unless somebody
   * else uses its addresses by now: then it gets another. Throws "unavailable" when there is none.
   */
  take(id: string): number {
    const foreign = this.#look()
    const mine = this.#slotOf.get(id)
    if (mine !== undefined && foreign.userOf(mine) === undefined) return mine
    const slot = this.#lowestFree(id, foreign)
    this.release(id)
    this.#set(id, slot)
    return slot
  }

  /** Gives `id` the slot that its manifest names. Throws "conflict" when another one has it. */
  reserve(id: string, slot: number): void {
    if (this.#taken.has(slot) && this.#slotOf.get(id) !== slot) {
      throw new DrowseError('conflict', `Cannot reserve slot ${slot} for sandbox "${id}": another sandbox has it`)
    }
    this.#set(id, slot)
  }

  /** Makes the slot of `id` free; fine when it has none. Call it after the engine holds nothing of `id`. */
  release(id: string): void {
    const slot = this.#slotOf.get(id)
    if (slot === undefined) return
    this.#slotOf.delete(id)
    this.#taken.delete(slot)
  }

  #lowestFree(id: string, { count, userOf }: ForeignSlots): number {
    let user: string | undefined
    for (let slot = 0; slot < count; slot++) {
      if (this.#taken.has(slot)) continue
      const found = userOf(slot)
      if (found === undefined) return slot
      user ??= found
    }
    const reason =
      user === undefined
        ? `all ${count} places of the sandbox subnet are taken`
        : `others on this host use the rest of the sandbox subnet, such as ${user}; set sandboxSubnet (DROWSE_SUBNET) to a free network`
    throw new DrowseError('unavailable', `Cannot give sandbox "${id}" a network: ${reason}`)
  }

  #set(id: string, slot: number): void {
    this.#slotOf.set(id, slot)
    this.#taken.add(slot)
  }
}
