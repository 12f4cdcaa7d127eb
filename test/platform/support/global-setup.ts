import type { TestProject } from 'vitest/node'
import { clientEnvironment, drowse, type Installation } from './drowse.ts'
import { makeInstallation, removeInstallation, type InstallationPlace } from './installation.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The installation that all platform tests share. */
    installation: Installation
    /** What `drowse env` set for clients of it. */
    clientEnv: Record<string, string>
    /** What the `drowse up` that started it printed. */
    upOutput: string
  }
}

/** Ports and subnet of the shared installation. Runs of the suite that go side by side on one machine have a `lane` each, 0 to 9. */
function sharedPlace(lane = '0'): InstallationPlace {
  if (!/^\d$/.test(lane)) throw new Error(`DROWSE_TEST_LANE is "${lane}": it must be a digit`)
  const index = Number(lane)
  const subnet = `10.${240 + index}.0.0/16`
  return { httpPort: 13_210 + index, httpsPort: 13_443 + index, sshPort: 13_222 + index, subnet }
}

/** Brings one service up by `drowse up` for all platform tests, and uninstalls it after them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const installation = await makeInstallation(sharedPlace(process.env.DROWSE_TEST_LANE))
  try {
    const { stdout } = await drowse(installation, ['up'])
    project.provide('installation', installation)
    project.provide('clientEnv', await clientEnvironment(installation))
    project.provide('upOutput', stdout)
  } catch (error) {
    await removeInstallation(installation)
    throw error
  }
  return () => removeInstallation(installation)
}
