import { join } from 'node:path'
import { exec } from '@drowse/common'
import { setupError, workspace, type Step } from '@drowse/setup'

const CHECK_TIMEOUT_MS = 10 * 60_000

/**
 * Steps that check the code without running it: types, lint, format, unused code, package boundaries.
 * A failed one throws with what its program printed.
 */
export function codeCheckSteps(repository: string): Step[] {
  const { node } = workspace(repository)
  const bin = (...parts: string[]): string => join(repository, 'node_modules', ...parts)
  const checks: [id: string, title: string, args: string[]][] = [
    ['types', 'Types', [bin('typescript', 'bin', 'tsc'), '-b']],
    ['lint', 'Lint', [bin('oxlint', 'bin', 'oxlint'), '--type-aware', '--deny-warnings']],
    ['format', 'Format', [bin('oxfmt', 'bin', 'oxfmt'), '--check', '.']],
    ['unused', 'Unused code', [bin('knip', 'bin', 'knip.js')]],
    ['boundaries', 'Package boundaries', [join(repository, 'scripts', 'check-boundaries.ts')]],
  ]
  return checks.map(([id, title, args]) => ({
    id,
    title,
    run: async ({ signal }) => {
      try {
        await exec(node, args, { cwd: repository, timeoutMs: CHECK_TIMEOUT_MS, signal })
        return { status: 'done' }
      } catch (error) {
        signal.throwIfAborted()
        const { stdout, stderr } = (error as Error).cause as { stdout?: string; stderr?: string } // exec's own result
        const detail = `${stdout ?? ''}\n${stderr ?? ''}`.trim().slice(-6_000)
        throw setupError(`The check "${title}" failed`, {
          hint: 'Run "npm run check" for all of them.',
          detail,
          cause: error,
        })
      }
    },
  }))
}
