import { inspect } from 'node:util'

/** A value in one or more formats, by media type. */
export type MediaBundle = Record<string, unknown>

/** Deno's name for a method that gives a media bundle. */
const DISPLAY = Symbol.for('Jupyter.display')
/** Names of methods that give one format each, as other JavaScript kernels call them. */
const METHODS: Readonly<Record<string, string>> = {
  _toHtml: 'text/html',
  _toMarkdown: 'text/markdown',
  _toSvg: 'image/svg+xml',
  _toPng: 'image/png',
  _toJpeg: 'image/jpeg',
}
/** Larger objects go as text alone: as JSON they would double the answer for a client that asked for none. */
const JSON_LIMIT = 1 << 20

/** Gives a value in all the formats that it has: text always, its own by its methods, and plain objects and arrays as JSON. */
export async function mediaOf(value: unknown): Promise<MediaBundle> {
  const text = inspect(value)
  if (typeof value !== 'object' || value === null) return { 'text/plain': text }
  const methods = value as Record<PropertyKey, unknown>
  const own = methods[DISPLAY]
  if (typeof own === 'function') return { 'text/plain': text, ...((await own.call(value)) as MediaBundle) }
  const bundle: MediaBundle = { 'text/plain': text }
  for (const [name, mediaType] of Object.entries(METHODS)) {
    const method = methods[name]
    if (typeof method === 'function') bundle[mediaType] = encoded(await method.call(value))
  }
  if (isPlain(value)) {
    const json = asJson(value)
    if (json !== undefined) bundle['application/json'] = json
  }
  return bundle
}

/** Turns bytes into base64, the form of images on the wire. */
export function encoded(content: unknown): unknown {
  return content instanceof Uint8Array ? Buffer.from(content).toString('base64') : content
}

function isPlain(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function asJson(value: object): unknown {
  try {
    const text = JSON.stringify(value)
    return text.length <= JSON_LIMIT ? JSON.parse(text) : undefined
  } catch {
    return undefined // Cycles, or numbers without end: the text says what there is.
  }
}
