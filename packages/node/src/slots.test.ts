import { describe, expect, it } from 'vitest'
import { SlotTable } from './slots.ts'

/** Four slots; `foreign` says who else uses which. */
function tableOf(foreign: ReadonlyMap<number, string> = new Map()): SlotTable {
  return new SlotTable(() => ({ count: 4, userOf: (slot) => foreign.get(slot) }))
}

describe('SlotTable', () => {
  it('take() gives the lowest free slot, and the same one again', () => {
    const slots = tableOf()
    slots.reserve('c', 1)
    expect([slots.take('a'), slots.take('b'), slots.take('a')]).toEqual([0, 2, 0])
  })

  it('release() frees a slot; a second one is harmless', () => {
    const slots = tableOf()
    slots.take('a')
    slots.release('a')
    expect(slots.take('b')).toBe(0)
    slots.release('a')
    expect(slots.take('c')).toBe(1)
  })

  it('reserve() refuses a slot that another one has', () => {
    const slots = tableOf()
    slots.take('a')
    slots.reserve('a', 0)
    expect(() => slots.reserve('b', 0)).toThrow(expect.objectContaining({ code: 'conflict' }))
  })

  it('take() leaves out what others on the host use, and moves away from it', () => {
    const foreign = new Map([[0, '10.0.0.0/30 on link "other"']])
    const slots = tableOf(foreign)
    expect([slots.take('a'), slots.take('b')]).toEqual([1, 2])
    foreign.set(1, '10.0.0.4/30 on link "other"')
    expect([slots.take('a'), slots.take('b')]).toEqual([3, 2])
    foreign.delete(1)
    expect(slots.take('c')).toBe(1)
  })

  it('take() says who has the rest when nothing is free', () => {
    const slots = tableOf(new Map([[3, '10.0.0.12/30 on link "other"']]))
    for (const id of ['a', 'b', 'c']) slots.take(id)
    expect(() => slots.take('d')).toThrow(/10\.0\.0\.12\/30 on link "other".*DROWSE_SUBNET/)
    slots.reserve('e', 3)
    expect(() => slots.take('f')).toThrow(/all 4 places/)
  })
})
