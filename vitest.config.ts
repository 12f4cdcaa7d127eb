import { defineConfig } from 'vitest/config'

const resolve = { conditions: ['source'] }

/** Three suites: `unit` needs nothing, `contract` and `platform` need root and the real engine. */
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
      {
        resolve,
        ssr: { resolve },
        environments: { __vitest__: { resolve } },
        test: {
          name: 'platform',
          include: ['test/**/*.test.ts'],
          exclude: process.env.DROWSE_TEST_LONG === '1' ? [] : ['test/long/**'],
          globalSetup: ['test/platform/support/global-setup.ts'],
          setupFiles: ['test/platform/support/client-env.ts'],
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 600_000,
        },
      },
    ],
  },
})
