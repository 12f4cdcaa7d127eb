const LEVELS: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
}
/** Fields that every entry has and that say nothing to a person. */
const COMMON_FIELDS = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg', 'err'])

/** Turns one line of the service's log into text for people; what is no JSON entry stays as it is. */
export function formatLogLine(line: string): string {
  const entry = parse(line)
  if (entry === undefined) return line
  const time = typeof entry['time'] === 'number' ? new Date(entry['time']).toISOString() : ''
  const level = (LEVELS[Number(entry['level'])] ?? String(entry['level'])).padEnd(5)
  const fields = Object.entries(entry)
    .filter(([key]) => !COMMON_FIELDS.has(key))
    .map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
  return [time, level, entry['msg'], ...fields, errorText(entry['err'])].filter((part) => part !== '').join(' ')
}

function parse(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    // An entry is an object; numbers and strings in the log are output of other programs.
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

function errorText(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  const { message, stack } = error as { message?: unknown; stack?: unknown } // as pino writes errors
  if (typeof stack === 'string') return `\n${stack}`
  return typeof message === 'string' ? `\n${message}` : ''
}
