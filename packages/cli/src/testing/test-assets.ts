import { join } from 'node:path'
import {
  assetSteps,
  buildTemplates,
  findEngineAsset,
  findGuestAsset,
  HOST_PACKAGES,
  installPackages,
  seedAssets,
  seedTemplate,
  setupContext,
  workspace,
  type SetupContext,
  type Step,
} from '@drowse/setup'
import { ensurePythonEnvironment, environmentPython } from './python-environment.ts'

/** Debian packages that tests need besides those of the service. */
const TEST_PACKAGES = ['curl', 'openssh-client', 'python3', 'python3-venv']

/** A browser, and `certutil`, which makes the local authority known to it. */
const BROWSER_PACKAGES = ['chromium', 'libnss3-tools']

/** Templates that tests need besides the base. */
const TEST_TEMPLATES = ['code-interpreter-v1']

/** What the tests of the real engine and platform need, and how they find it. */
export interface TestAssets {
  /** Makes what is missing. */
  steps: Step[]
  /**
   * Builds the templates that some tests need, once the steps have ended; those tests wait for it and tell when it failed. Never rejects.
   */
  buildTemplates(signal: AbortSignal): Promise<void>
  /** Variables that tell the tests where it is; valid once the steps have ended. */
  variables(): Promise<Record<string, string>>
}

/** Keeps the assets of tests in the clone's cache, apart from any installation, but takes over what the installation of `context` has built. */
export function testAssets(context: SetupContext): TestAssets {
  const { cache } = workspace(context.repository)
  const root = join(cache, 'assets')
  const inCache = setupContext({ ...context, config: { ...context.config, dataDirectory: root } })
  const venv = join(cache, 'venv')
  const seed: Step = {
    id: 'seed',
    title: 'Take over what "up" built',
    after: ['packages'],
    run: async () => {
      const taken = await seedAssets(inCache, context.folder.root)
      for (const name of TEST_TEMPLATES) await seedTemplate(inCache, context.folder.root, name).catch(() => false) // built again
      return { status: taken.length > 0 ? 'done' : 'kept', detail: taken.join(', ') }
    },
  }
  return {
    steps: [
      {
        id: 'packages',
        title: 'Debian packages',
        run: (tools) => installPackages([...HOST_PACKAGES, ...TEST_PACKAGES], tools),
      },
      seed,
      ...assetSteps(inCache, ['seed']),
      {
        // Beside the assets: it is the largest of the downloads.
        id: 'browser',
        title: 'Browser',
        after: ['packages'],
        run: (tools) => installPackages(BROWSER_PACKAGES, tools),
      },
      {
        id: 'python',
        title: 'Python clients',
        after: ['packages'],
        run: (tools) => ensurePythonEnvironment(venv, tools),
      },
    ],
    async buildTemplates(signal) {
      // What went wrong is in the build's record, where the tests look.
      await buildTemplates(inCache, TEST_TEMPLATES, { onEvent: () => undefined, signal }).catch(() => undefined)
    },
    async variables() {
      const runsc = await findEngineAsset(inCache.folder.engine)
      const guest = await findGuestAsset(inCache.folder.guest)
      return {
        DROWSE_TEST_ASSETS: root,
        DROWSE_TEST_PYTHON: environmentPython(venv),
        ...(runsc === undefined ? {} : { DROWSE_TEST_RUNSC: runsc.path }),
        ...(guest === undefined ? {} : { DROWSE_TEST_GUEST: guest.path }),
      }
    },
  }
}
