import type { Config } from '@drowse/common'
import { dataFolder, type DataFolder } from '@drowse/node'

/** What every part of setup works with. */
export interface SetupContext {
  config: Config
  folder: DataFolder
  /** Root of the clone that this code runs from. */
  repository: string
  /** The environment that the command was started with. */
  env: Readonly<Record<string, string | undefined>>
}

/** Puts together the context of one run. */
export function setupContext(options: Omit<SetupContext, 'folder'>): SetupContext {
  return { ...options, folder: dataFolder(options.config.dataDirectory) }
}
