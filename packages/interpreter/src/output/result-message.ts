import type { OutputMessage } from './output-message.ts'

/** Media types that the clients know, and their names for them. */
const FIELDS: Readonly<Record<string, string>> = {
  'text/plain': 'text',
  'text/html': 'html',
  'text/markdown': 'markdown',
  'image/svg+xml': 'svg',
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'application/pdf': 'pdf',
  'text/latex': 'latex',
  'application/json': 'json',
  'application/javascript': 'javascript',
  'e2b/data': 'data',
  'e2b/chart': 'chart',
}

/**
 * Turns what a kernel shows into the clients' form. A text that is one quoted string loses its quotes. Other media types go into `extra`,
 * where the Python client reads them, and beside it, from where the JavaScript client takes them into its own `extra`.
 */
export function resultMessage(isMain: boolean, data: Readonly<Record<string, unknown>>): OutputMessage {
  const fields: Record<string, unknown> = {}
  const extra: Record<string, unknown> = {}
  for (const [mediaType, value] of Object.entries(data)) {
    if (value === null || value === undefined) continue
    const field = FIELDS[mediaType]
    if (field === undefined) extra[mediaType] = value
    else fields[field] = field === 'text' && typeof value === 'string' ? unquoted(value) : value
  }
  const hasExtra = Object.keys(extra).length > 0
  return { ...(hasExtra ? { ...extra, extra } : {}), ...fields, type: 'result', is_main_result: isMain }
}

function unquoted(text: string): string {
  const quote = text[0]
  const isQuoted = text.length >= 2 && (quote === "'" || quote === '"') && text.endsWith(quote)
  return isQuoted ? text.slice(1, -1) : text
}
