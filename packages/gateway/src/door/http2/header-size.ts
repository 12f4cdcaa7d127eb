import { MAX_HEADER_BYTES } from '../bounds.ts'

/** What each field counts besides its own bytes (RFC 9113 §6.5.2). */
const FIELD_BYTES = 32

/**
 * Whether a header block, or trailers, have more bytes than a request may; in Node's raw form, Latin-1. The settings of a session bound it too, but only from when its client has
 * acknowledged them, which a client may leave out.
 */
export function isTooLarge(raw: readonly string[]): boolean {
  let bytes = (raw.length / 2) * FIELD_BYTES
  for (const text of raw) bytes += text.length
  return bytes > MAX_HEADER_BYTES
}
