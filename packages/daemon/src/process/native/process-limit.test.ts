import { expect, it } from 'vitest'
import { userProcessLimit } from './process-limit.ts'

it.each([
  [256, 384],
  [1_024, 768],
  [4_096, 3_072],
  [65_536, 4_000],
])('userProcessLimit() of %i MiB is %i', (mib, count) => {
  expect(userProcessLimit(mib * 1024 * 1024)).toBe(count)
})
