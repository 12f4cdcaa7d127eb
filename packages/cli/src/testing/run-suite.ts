import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { workspace } from '@drowse/setup'
import { countTests, listFailures, type TestCounts, type TestFailure } from './test-report.ts'

/** One run of vitest. */
export interface SuiteRun {
  repository: string
  /** Name of the vitest project. */
  project: string
  /** Only test files whose path holds one of these; all when empty. */
  filters: readonly string[]
  env: Readonly<Record<string, string | undefined>>
}

/** What a run of vitest came to. */
export interface SuiteResult {
  counts: TestCounts
  failures: TestFailure[]
}

/** Runs one vitest project with its output on this terminal, counts its tests and collects the failed ones. */
export async function runSuite({ repository, project, filters, env }: SuiteRun): Promise<SuiteResult> {
  const places = workspace(repository)
  const reportFile = join(places.cache, `test-report-${project}.json`)
  await rm(reportFile, { force: true })
  const vitest = join(repository, 'node_modules', 'vitest', 'vitest.mjs')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
  // Not through exec(): tests take longer than any bound on a program's run, and their output belongs on the terminal as it comes.
  const child = spawn(
    places.node,
    [vitest, 'run', '--project', project, '--passWithNoTests', ...reporters, ...filters],
    {
      cwd: repository,
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  )
  const [code] = (await once(child, 'exit')) as [number | null]
  const report: unknown = JSON.parse(await readFile(reportFile, 'utf8').catch(() => 'null'))
  return { counts: countTests(report, code ?? 1), failures: listFailures(report) }
}
