import { DrowseError } from '@drowse/protocol'

/** Begins the headers that carry an upload's metadata. */
const HEADER = 'x-metadata-'
/** Most bytes of a key: an attribute's name has 255, and its prefix takes 9 of them. */
const MAX_KEY_BYTES = 246
/** Most bytes of all keys and values of one file, what file systems keep for certain. */
const MAX_TOTAL_BYTES = 4_096

/**
 * Reads the metadata of an upload from its headers in Node's raw form: keys in lower case, the first value of a key that comes twice.
 * Throws "invalid_argument" for values that are not printable ASCII, a key above 246 bytes or more than 4,096 bytes in all.
 */
export function metadataOf(rawHeaders: readonly string[]): Record<string, string> {
  const metadata = new Map<string, string>()
  let total = 0
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase()
    const value = rawHeaders[i + 1] ?? ''
    const key = name.slice(HEADER.length)
    if (!name.startsWith(HEADER) || key === '' || metadata.has(key)) continue
    if (!/^[\x20-\x7e]*$/.test(value)) throw refused(key, 'its value is not printable ASCII')
    if (key.length > MAX_KEY_BYTES) throw refused(key, `the key has more than ${MAX_KEY_BYTES} bytes`)
    total += key.length + value.length
    if (total > MAX_TOTAL_BYTES) throw refused(key, `all metadata is more than ${MAX_TOTAL_BYTES} bytes`)
    metadata.set(key, value)
  }
  return Object.fromEntries(metadata)
}

function refused(key: string, reason: string): DrowseError {
  return new DrowseError('invalid_argument', `Cannot keep metadata "${key.slice(0, 64)}": ${reason}`)
}
