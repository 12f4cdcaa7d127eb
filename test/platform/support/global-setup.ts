import type { TestProject } from 'vitest/node'
import { clientEnvironment, drowse, type Installation } from './drowse.ts'
import { makeInstallation, removeInstallation } from './installation.ts'

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

/** Brings one service up by `drowse up` for all platform tests, and uninstalls it after them. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const installation = await makeInstallation({ httpPort: 13_210, httpsPort: 13_443, subnet: '10.232.0.0/16' })
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
