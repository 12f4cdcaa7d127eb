import { describe, expect, it } from 'vitest'
import { quantile } from './samples.ts'

describe('quantile()', () => {
  it('gives the value that the fraction does not exceed', () => {
    const values = Array.from({ length: 20 }, (_, index) => 20 - index)
    expect(quantile(values, 0.5)).toBe(10)
    expect(quantile(values, 0.95)).toBe(19)
    expect(quantile([7], 0.95)).toBe(7)
    expect(quantile([], 0.5)).toBeNaN()
  })
})
