import { DrowseError, type ErrorCode } from '@drowse/protocol'
import { expect } from 'vitest'

/** Rejects unless `work` fails with `code`. */
export async function expectCode(work: Promise<unknown>, code: ErrorCode): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(DrowseError)
  expect(error).toMatchObject({ code, message: expect.stringMatching(/^Cannot /) })
}
