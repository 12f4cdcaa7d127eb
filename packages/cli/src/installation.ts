import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  findRunningService,
  serviceAddresses,
  setupError,
  type ServiceAddresses,
  type ServiceRecord,
  type SetupContext,
} from '@drowse/setup'

/** A service that runs, with what is needed to talk to it. */
export interface RunningInstallation {
  service: ServiceRecord
  addresses: ServiceAddresses
  apiKey: string
}

/** The installation when its service runs, else `undefined`. Needs root. */
export async function findInstallation({ folder, config }: SetupContext): Promise<RunningInstallation | undefined> {
  const service = await findRunningService(folder)
  if (service === undefined) return undefined
  const apiKey = (await readFile(join(folder.secrets, 'api-key'), 'utf8')).trim()
  return { service, addresses: serviceAddresses(config, service), apiKey }
}

/** The installation; throws "setup_failed" when its service does not run. */
export async function getInstallation(context: SetupContext): Promise<RunningInstallation> {
  const found = await findInstallation(context)
  if (found !== undefined) return found
  throw setupError(`Cannot reach the service of "${context.folder.root}": it is not running`, {
    hint: 'Start it with "sudo ./drowse up".',
  })
}
