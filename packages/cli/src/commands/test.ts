import { DrowseError } from '@drowse/protocol'
import { acquireSetupLock, runSteps, workspace, type SetupContext } from '@drowse/setup'
import { glob } from 'node:fs/promises'
import { join } from 'node:path'
import { loadContext, type CommandContext, type GlobalOptions } from '../command-context.ts'
import { formatError } from '../output/format-error.ts'
import { StepView } from '../output/step-view.ts'
import { codeCheckSteps } from '../testing/code-checks.ts'
import { runSuite, type SuiteResult } from '../testing/run-suite.ts'
import { testAssets, type TestAssets } from '../testing/test-assets.ts'
import { closingLine, formatFailure, sumCounts } from '../testing/test-report.ts'

/** Projects of vitest in their order; those of one entry run side by side. */
const SUITES = [['unit'], ['contract'], ['platform', 'conformance']] as const

/** Options of `drowse test`. */
export interface TestOptions extends GlobalOptions {
  /** Also the tests that take long. */
  long?: boolean | undefined
  /** Only what needs neither root nor the engine. */
  unit?: boolean | undefined
}

/** `drowse test`: gets what the tests need, checks the code, runs the tests and counts them. Resolves to whether all is well and something ran. */
export async function test(
  command: CommandContext,
  filters: readonly string[],
  options: TestOptions,
): Promise<boolean> {
  const { out } = command
  const context = loadContext(command, options)
  const isUnitOnly = options.unit === true
  if (!isUnitOnly && process.getuid?.() !== 0) {
    throw new DrowseError('permission_denied', 'Cannot run the contract and platform tests: they need root', {
      details: { hint: 'Run "sudo ./drowse test", or "./drowse test --unit" for the unit tests alone.' },
    })
  }
  const assets = testAssets(context)
  const variables = isUnitOnly ? {} : await prepare(command, context, assets)
  const ending = new AbortController()
  const needsTemplates = !isUnitOnly && (await matchesTemplateTest(context, filters))
  // Beside the checks and the other tests: it takes minutes the first time, and only its own tests wait for it.
  const templates = needsTemplates ? assets.buildTemplates(AbortSignal.any([command.signal, ending.signal])) : undefined
  const failedChecks = filters.length > 0 ? [] : await checkCode(command, context)
  const env = { ...command.env, ...variables, ...(options.long === true ? { DROWSE_TEST_LONG: '1' } : {}) }
  const runs: SuiteResult[] = []
  for (const projects of isUnitOnly ? [['unit']] : SUITES) {
    command.signal.throwIfAborted()
    const suites = projects.map((project) => runSuite({ repository: context.repository, project, filters, env }))
    runs.push(...(await Promise.all(suites)))
  }
  ending.abort()
  await templates
  const counts = sumCounts(runs.map((run) => run.counts))
  out.line()
  // Again at the end: the place where they failed is thousands of lines above.
  for (const failure of runs.flatMap((run) => run.failures)) out.line(formatFailure(failure, context.repository))
  for (const error of failedChecks) out.line(formatError(error, out))
  if (counts.passed + counts.failed === 0) out.line('No test ran.')
  out.line(closingLine(counts))
  return counts.failed === 0 && counts.passed > 0 && failedChecks.length === 0
}

async function prepare(
  command: CommandContext,
  context: SetupContext,
  assets: TestAssets,
): Promise<Record<string, string>> {
  await using _lock = await acquireSetupLock(join(workspace(context.repository).cache, 'assets'))
  using view = new StepView(command.out)
  await runSteps(assets.steps, { onEvent: view.onEvent, signal: command.signal })
  return await assets.variables()
}

/** Whether a test that needs more than the base template is among those that run. */
async function matchesTemplateTest({ repository }: SetupContext, filters: readonly string[]): Promise<boolean> {
  if (filters.length === 0) return true
  for await (const file of glob('test/conformance/code-interpreter*.test.ts', { cwd: repository })) {
    if (filters.some((filter) => join(repository, file).includes(filter))) return true
  }
  return false
}

async function checkCode(command: CommandContext, { repository }: SetupContext): Promise<unknown[]> {
  const failures: unknown[] = []
  using view = new StepView(command.out)
  // One plan each, so that a failed check stops neither the others nor the tests.
  for (const step of codeCheckSteps(repository)) {
    try {
      await runSteps([step], { onEvent: view.onEvent, signal: command.signal })
    } catch (error) {
      command.signal.throwIfAborted()
      failures.push(error)
    }
  }
  return failures
}
