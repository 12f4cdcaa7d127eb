import { DrowseError, type EnvdReady, type EnvdStart } from '@drowse/protocol'

/** Checks the body of `POST /start`. Unknown keys are ignored; throws "invalid_argument" naming the first key that is wrong. */
export function parseStart(body: unknown): EnvdStart {
  const fields = record(body, 'body')
  const user = fields['user']
  if (user !== undefined && typeof user !== 'string') throw wrong('user', 'a string')
  const ready = fields['ready']
  return {
    ...command(fields),
    ...(user === undefined ? {} : { user }),
    ...(ready === undefined ? {} : { ready: condition(record(ready, 'ready')) }),
  }
}

function command(fields: Record<string, unknown>): { cmd: string; args: string[] } {
  const { cmd, args } = fields
  if (typeof cmd !== 'string' || cmd === '') throw wrong('cmd', 'a program')
  if (!Array.isArray(args) || !args.every((entry) => typeof entry === 'string'))
    throw wrong('args', 'a list of strings')
  return { cmd, args }
}

function condition(fields: Record<string, unknown>): EnvdReady {
  if (fields['port'] === undefined) return command(fields)
  const { port, path } = fields
  if (typeof port !== 'number' || !Number.isInteger(port) || port < 1 || port > 65_535) throw wrong('port', 'a port')
  if (typeof path !== 'string' || !path.startsWith('/')) throw wrong('path', 'an absolute path')
  return { port, path }
}

function record(value: unknown, key: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(key, 'an object')
  return value as Record<string, unknown>
}

function wrong(key: string, expected: string): DrowseError {
  return new DrowseError('invalid_argument', `Cannot read start: "${key}" is not ${expected}`)
}
