import type { IncomingMessage } from 'node:http'
import { DrowseError } from '@drowse/protocol'

/** Largest request, in bytes: code that holds data is the only reason for a long one. */
const MAX_BYTES = 128 * 1024 * 1024

/** Reads a request's JSON object; an empty body is an empty object. Keys that are null are as if absent. */
export async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_BYTES)
      throw new DrowseError('payload_too_large', `Cannot read the request: more than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  if (length === 0) return {}
  const value = parse(Buffer.concat(chunks).toString('utf8'))
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new DrowseError('unprocessable', 'Cannot read the request: the body is not a JSON object')
  }
  return Object.fromEntries(Object.entries(value).filter((entry) => entry[1] !== null))
}

/** Takes a string out of a body. Throws a 422 when it is something else. */
export function optionalText(body: Readonly<Record<string, unknown>>, key: string): string | undefined {
  const value = body[key]
  if (value === undefined || typeof value === 'string') return value
  throw new DrowseError('unprocessable', `Cannot read the request: "${key}" is not a string`)
}

/** Takes a map of strings out of a body; numbers and booleans become strings. Throws a 422 when it is something else or no variable can hold it. */
export function textMap(body: Readonly<Record<string, unknown>>, key: string): Record<string, string> {
  const value = body[key] ?? {}
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new DrowseError('unprocessable', `Cannot read the request: "${key}" is not an object`)
  }
  const map: Record<string, string> = {}
  for (const [name, entry] of Object.entries(value)) {
    const value = String(entry)
    // No system holds a NUL in a variable: a kernel that was handed one would end.
    const isUsable = name !== '' && !/[=\0]/.test(name) && !value.includes('\0')
    if (!isUsable || !['string', 'number', 'boolean'].includes(typeof entry)) {
      throw new DrowseError('unprocessable', `Cannot read the request: "${key}" has no usable "${name}"`)
    }
    map[name] = value
  }
  return map
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new DrowseError('unprocessable', 'Cannot read the request: the body is not JSON')
  }
}
