import { join } from 'node:path'
import { beforeAll, inject } from 'vitest'
import * as e2b from '@e2b/code-interpreter'
import * as novita from 'novita-sandbox/code-interpreter'
import { loadConfig, pollUntil } from '@drowse/common'
import { dataFolder, listTemplateBuilds } from '@drowse/node'
import { seedTemplate, setupContext } from '@drowse/setup'
import { drowse } from '../../platform/support/drowse.ts'

const TEMPLATE = 'code-interpreter-v1'
const REPOSITORY = join(import.meta.dirname, '..', '..', '..')
/** Longest wait, in ms, for the build that "drowse test" began. */
const BUILD_TIMEOUT_MS = 15 * 60_000

/** The two JavaScript packages as published. They share the calls that these tests make. */
export const INTERPRETER_CLIENTS = [
  { name: '@e2b/code-interpreter', Sandbox: e2b.Sandbox },
  // The types of the two packages differ in details that the tests do not touch.
  { name: 'novita-sandbox/code-interpreter', Sandbox: novita.Sandbox as unknown as typeof e2b.Sandbox },
] as const

/** Before the tests of the calling file: waits for the template's build, and gives the template to the shared installation. */
export function needCodeInterpreter(): void {
  const installation = inject('installation')
  beforeAll(async () => {
    const assets = process.env.DROWSE_TEST_ASSETS ?? ''
    const config = loadConfig({ env: installation.env })
    const context = setupContext({ config, repository: REPOSITORY, env: process.env })
    const probe = async (): Promise<true | undefined> => {
      if (await seedTemplate(context, assets, TEMPLATE)) return true
      const builds = await listTemplateBuilds(dataFolder(assets), Date.now())
      const failed = builds.find(({ id, state }) => id === TEMPLATE && state !== 'building')
      if (failed !== undefined) throw new Error(`the build of ${TEMPLATE} ${failed.state}: ${failed.detail}`)
      return undefined
    }
    const signal = AbortSignal.timeout(BUILD_TIMEOUT_MS)
    await pollUntil(probe, { intervalMs: 500, maxIntervalMs: 2_000, signal })
    await drowse(installation, ['template', 'build', TEMPLATE])
  }, BUILD_TIMEOUT_MS + 60_000)
}
