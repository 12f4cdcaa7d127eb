import { timingSafeEqual } from 'node:crypto'

/** Compares two secrets in a time that says nothing of where they differ; it may tell their lengths. */
export function isSameSecret(given: string, wanted: string): boolean {
  const left = Buffer.from(given)
  const right = Buffer.from(wanted)
  return left.length === right.length && timingSafeEqual(left, right)
}
