import { configSchema, type Config } from '@drowse/common'

/** The settings that a node goes by; docs/settings.md says what each does. */
export type NodeSettings = Pick<
  Config,
  | 'frozenMemoryMb'
  | 'frozenMinutes'
  | 'memoryOvercommit'
  | 'cpuOvercommit'
  | 'poolSize'
  | 'readyContainers'
  | 'imageCheckHours'
>

/** Fills in the defaults. */
export function nodeSettings(given: Partial<NodeSettings> = {}): NodeSettings {
  return { ...configSchema.parse({}), ...given }
}
