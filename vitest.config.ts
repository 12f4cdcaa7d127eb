import { defineConfig } from 'vitest/config'

const resolve = { conditions: ['source'] }

/** A suite on a real installation, which it brings up for itself; one file of tests at a time over it. */
function onInstallation(name: string, include: string, exclude: string[] = []) {
  return {
    resolve,
    ssr: { resolve },
    environments: { __vitest__: { resolve } },
    test: {
      name,
      include: [include],
      exclude,
      globalSetup: ['test/platform/support/global-setup.ts'],
      setupFiles: ['test/platform/support/client-env.ts'],
      fileParallelism: false,
      testTimeout: 120_000,
      hookTimeout: 600_000,
    },
  }
}

/**
 * Four suites: `unit` needs nothing; `contract`, `platform` and `conformance` need root and the real engine. The last two may run side by side, as
 * each has an installation of its own; what restarts its service or counts what is on the host belongs to `platform`.
 */
export default defineConfig({
  ssr: { resolve },
  test: {
    projects: [
      {
        resolve,
        ssr: { resolve },
        test: {
          name: 'unit',
          // By itself vitest leaves one core idle, which on two is half of them.
          maxWorkers: '100%',
          // Some start the whole service; a busy machine must not fail them.
          testTimeout: 30_000,
          include: ['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts', 'bench/**/*.test.ts'],
          exclude: ['**/*.real.test.ts'],
        },
      },
      {
        resolve,
        ssr: { resolve },
        test: {
          name: 'contract',
          include: ['packages/*/src/**/*.real.test.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 300_000,
        },
      },
      onInstallation(
        'platform',
        'test/{platform,security,long}/**/*.test.ts',
        process.env.DROWSE_TEST_LONG === '1' ? [] : ['test/long/**'],
      ),
      onInstallation('conformance', 'test/{conformance,browser,doors}/**/*.test.ts'),
    ],
  },
})
