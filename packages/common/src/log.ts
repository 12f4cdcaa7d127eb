import { pino } from 'pino'

/** Structured log of one program; fields first, sentence second. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  /** A logger that adds `fields` to each entry. */
  child(fields: object): Logger
}

/** Names of fields whose values never reach the log. */
const SECRET_FIELDS = ['apiKey', 'accessToken', 'envdAccessToken', 'trafficAccessToken', 'envVars', 'authorization']

/** A JSON-lines logger on standard output. */
export function createLogger(options: { level?: string; name: string }): Logger {
  return pino({
    name: options.name,
    level: options.level ?? 'info',
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: '[secret]' },
  })
}

/** A logger that drops everything; for tests. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLogger,
}
