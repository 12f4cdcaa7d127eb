import { DrowseError } from '@drowse/protocol'

/** Who has which place in the host's network. Places are kept across pauses and given again only after {@link SlotTable.release}. */
export class SlotTable {
  readonly #slotOf = new Map<string, number>()
  readonly #taken = new Set<number>()

  /** Takes the lowest free slot for `id`, or confirms the one it has. */
  take(id: string): number {
    const mine = this.#slotOf.get(id)
    if (mine !== undefined) return mine
    let slot = 0
    while (this.#taken.has(slot)) slot++
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

  #set(id: string, slot: number): void {
    this.#slotOf.set(id, slot)
    this.#taken.add(slot)
  }
}
