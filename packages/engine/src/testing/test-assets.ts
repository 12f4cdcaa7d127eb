import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What tests of the real engine need from outside the repository. */
export interface TestAssets {
  /** The runsc binary. */
  runsc: string
  /** Folder with `tini`, `node` and `lib/`. */
  guest: string
}

/**
 * Finds runsc and the guest runtime: by `DROWSE_TEST_RUNSC` and `DROWSE_TEST_GUEST`, else where `drowse test` puts them.
 * Throws with a sentence that says what to do when one is missing.
 */
export function findTestAssets(): TestAssets {
  return { runsc: find('DROWSE_TEST_RUNSC', 'engine'), guest: find('DROWSE_TEST_GUEST', 'guest') }
}

function find(variable: string, kind: 'engine' | 'guest'): string {
  const record = fileURLToPath(new URL(`../../../../.cache/assets/${kind}/current.json`, import.meta.url))
  const path = process.env[variable] ?? readPath(record)
  if (path === undefined || !existsSync(path)) {
    throw new Error(
      `Cannot test the real engine: there is no ${path ?? record}; run "./drowse test", or set ${variable}`,
    )
  }
  return path
}

function readPath(record: string): string | undefined {
  if (!existsSync(record)) return undefined
  const { path } = JSON.parse(readFileSync(record, 'utf8')) as { path: string } // written by setup
  return path
}
