import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DrowseError } from '@drowse/protocol'
import { configSchema, type Config, type ConfigInput } from './config.ts'
import { CONFIG_VARIABLES } from './env.ts'

/** Where settings come from besides the file. */
export interface ConfigSources {
  env: Readonly<Record<string, string | undefined>>
  /** Settings from the command line; they win over everything. */
  flags?: ConfigInput
}

/**
 * Reads the settings: flags, then `DROWSE_*` variables, then `<data>/drowse.json`, then defaults.
 * Throws "invalid_argument" that names the variable or key when a value is unknown or out of range.
 */
export function loadConfig(sources: ConfigSources): Config {
  const fromEnv = readVariables(sources.env)
  const given: ConfigInput = { ...fromEnv, ...sources.flags }
  const dataDirectory = given.dataDirectory ?? configSchema.parse({}).dataDirectory
  const path = join(dataDirectory, 'drowse.json')
  const fromFile = existsSync(path) ? readConfigFile(path) : {}
  const result = configSchema.safeParse({ ...fromFile, ...given, dataDirectory })
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const field = String(issue?.path[0] ?? issue?.message)
  const variable = Object.entries(CONFIG_VARIABLES).find(([, entry]) => entry.field === field)?.[0]
  throw new DrowseError(
    'invalid_argument',
    `Cannot read setting "${field}"${variable === undefined ? '' : ` (${variable})`}: ${issue?.message ?? 'invalid'}`,
  )
}

function readVariables(env: ConfigSources['env']): ConfigInput {
  const settings: { [field in keyof ConfigInput]?: unknown } = {}
  for (const [name, { field, parse }] of Object.entries(CONFIG_VARIABLES)) {
    const value = env[name]
    if (value !== undefined && value !== '') settings[field] = parse(value)
  }
  return settings as ConfigInput // checked by the schema right after
}

function readConfigFile(path: string): ConfigInput {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as ConfigInput // checked by the schema right after
  } catch (error) {
    throw new DrowseError('invalid_argument', `Cannot read "${path}": not valid JSON`, { cause: error })
  }
}
