import type { TestProject } from 'vitest/node'
import { clientEnvironment, drowse, type Installation } from './drowse.ts'
import { makeInstallation, removeInstallation, type InstallationPlace } from './installation.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The installation that all tests of a suite share. */
    installation: Installation
    /** What `drowse env` set for clients of it. */
    clientEnv: Record<string, string>
    /** What the `drowse up` that started it printed. */
    upOutput: string
  }
}

/**
 * Ports and subnet of the installation that the files of one suite share. Runs that go side by side on one machine have a `lane` each, 0 to 9, of
 * which each suite has a half.
 */
function sharedPlace(suite: string, lane = '0'): InstallationPlace {
  if (!/^\d$/.test(lane)) throw new Error(`DROWSE_TEST_LANE is "${lane}": it must be a digit`)
  const [index, half] = [Number(lane), suite === 'conformance' ? 1 : 0]
  const port = 13_200 + index + half * 100
  const subnet = `10.${240 + index}.${half * 128}.0/17`
  return { httpPort: port + 10, sshPort: port + 22, httpsPort: port + 43, subnet }
}

/** Brings one service up by `drowse up` for all tests of a suite, and uninstalls it after them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const installation = await makeInstallation(sharedPlace(project.name, process.env.DROWSE_TEST_LANE))
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
