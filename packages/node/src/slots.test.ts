import { describe, expect, it } from 'vitest'
import { SlotTable } from './slots.ts'

describe('SlotTable', () => {
  it('take() gives the lowest free slot, and the same one again', () => {
    const slots = new SlotTable()
    slots.reserve('c', 1)
    expect([slots.take('a'), slots.take('b'), slots.take('a')]).toEqual([0, 2, 0])
  })

  it('release() frees a slot; a second one is harmless', () => {
    const slots = new SlotTable()
    slots.take('a')
    slots.release('a')
    expect(slots.take('b')).toBe(0)
    slots.release('a')
    expect(slots.take('c')).toBe(1)
  })

  it('reserve() refuses a slot that another one has', () => {
    const slots = new SlotTable()
    slots.take('a')
    slots.reserve('a', 0)
    expect(() => slots.reserve('b', 0)).toThrow(expect.objectContaining({ code: 'conflict' }))
  })
})
