import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { loadConfig } from '@drowse/common'
import { seedAssets, setupContext } from '@drowse/setup'
import { drowse, type Installation } from './drowse.ts'
import { hostTraces } from './host.ts'

const REPOSITORY = join(import.meta.dirname, '..', '..', '..')

/** Ports and subnet of an installation; distinct ones for each that runs at the same time. */
export interface InstallationPlace {
  httpPort: number
  httpsPort: number
  /** Absent for no SSH door. */
  sshPort?: number
  subnet: string
  /** An empty folder to use; a new one below /var/tmp when absent. */
  data?: string
}

/**
 * Makes a data folder that already holds what takes `up` long to build (from `DROWSE_TEST_ASSETS`), so that `drowse up` on it is quick.
 * `/var/tmp` because overlay upper directories need a real filesystem. `settings` are further `DROWSE_*` variables.
 */
export async function makeInstallation(
  place: InstallationPlace,
  settings: Readonly<Record<string, string>> = {},
): Promise<Installation> {
  const assets = process.env.DROWSE_TEST_ASSETS
  if (assets === undefined) throw new Error('DROWSE_TEST_ASSETS is not set: run the tests by "./drowse test"')
  const data = place.data ?? (await mkdtemp('/var/tmp/drowse-test-'))
  const env = {
    DROWSE_DATA: data,
    DROWSE_HTTP_PORT: String(place.httpPort),
    DROWSE_HTTPS_PORT: String(place.httpsPort),
    ...(place.sshPort === undefined ? {} : { DROWSE_SSH_PORT: String(place.sshPort) }),
    DROWSE_SUBNET: place.subnet,
    // Tests that need more than the base template see to it themselves.
    DROWSE_BACKGROUND_TEMPLATES: 'none',
    ...settings,
  }
  await seedAssets(setupContext({ config: loadConfig({ env }), repository: REPOSITORY, env: process.env }), assets)
  return { data, env }
}

/** Uninstalls and fails when anything of the installation is left on the host. */
export async function removeInstallation(installation: Installation): Promise<void> {
  try {
    await drowse(installation, ['uninstall', '--yes'])
    const traces = await hostTraces(installation.data.split('/').at(-1) ?? '')
    if (traces.length > 0) throw new Error(`uninstall left behind:\n${traces.join('\n')}`)
  } finally {
    await rm(installation.data, { recursive: true, force: true })
  }
}
