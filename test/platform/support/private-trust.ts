import { join } from 'node:path'
import { exec, type ExecOptions, type ExecResult } from '@drowse/common'

const PROGRAM = join(import.meta.dirname, 'with-private-trust.ts')

/**
 * Runs a program that sees, in place of what the system trusts, a copy that it may change: the changes are kept in `folder` from call to call, and the host's files stay as they are.
 */
export async function withPrivateTrust(
  folder: string,
  command: readonly [string, ...string[]],
  options: ExecOptions = {},
): Promise<ExecResult> {
  const program = [process.execPath, '--conditions=source', PROGRAM, folder, ...command]
  return exec('unshare', ['--mount', '--propagation', 'private', '--', ...program], { timeoutMs: 200_000, ...options })
}
