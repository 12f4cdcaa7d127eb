import { DrowseError, type EnvdInit } from '@drowse/protocol'

/** Checks the body of `POST /init`. Unknown keys are ignored; throws "invalid_argument" naming the first key that is wrong. */
export function parseInit(body: unknown): EnvdInit {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw wrong('body', 'an object')
  const fields = body as Record<string, unknown>
  const accessToken = optionalText(fields, 'accessToken')
  const defaultUser = optionalText(fields, 'defaultUser')
  const defaultWorkdir = optionalText(fields, 'defaultWorkdir')
  const egressAuthority = optionalText(fields, 'egressAuthority')
  return {
    timestamp: text(fields, 'timestamp'),
    envVars: textMap(fields, 'envVars'),
    hostname: text(fields, 'hostname'),
    nameservers: textList(fields, 'nameservers'),
    identity: identity(fields['identity']),
    ...(accessToken === undefined ? {} : { accessToken }),
    ...(defaultUser === undefined ? {} : { defaultUser }),
    ...(defaultWorkdir === undefined ? {} : { defaultWorkdir }),
    ...(egressAuthority === undefined ? {} : { egressAuthority }),
    ...(fields['isUpdate'] === true ? { isUpdate: true } : {}),
  }
}

function text(fields: Record<string, unknown>, key: string): string {
  const value = fields[key]
  if (typeof value !== 'string') throw wrong(key, 'a string')
  return value
}

function optionalText(fields: Record<string, unknown>, key: string): string | undefined {
  const value = fields[key]
  if (value === undefined || value === null || value === '') return undefined
  return text(fields, key)
}

function textMap(fields: Record<string, unknown>, key: string): Record<string, string> {
  const value = fields[key]
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(key, 'an object of strings')
  for (const entry of Object.values(value)) if (typeof entry !== 'string') throw wrong(key, 'an object of strings')
  return value as Record<string, string>
}

function textList(fields: Record<string, unknown>, key: string): string[] {
  const value = fields[key]
  if (!Array.isArray(value) || !value.every((entry) => typeof entry === 'string')) throw wrong(key, 'a list of strings')
  return value
}

function identity(value: unknown): 'fresh' | 'kept' {
  if (value !== 'fresh' && value !== 'kept') throw wrong('identity', '"fresh" or "kept"')
  return value
}

function wrong(key: string, expected: string): DrowseError {
  return new DrowseError('invalid_argument', `Cannot read init: "${key}" is not ${expected}`)
}
