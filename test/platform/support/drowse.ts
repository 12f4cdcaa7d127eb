import { join } from 'node:path'
import { exec, type ExecOptions, type ExecResult } from '@drowse/common'

const SCRIPT = join(import.meta.dirname, '..', '..', '..', 'drowse')

/** Where an installation for tests lives; two of them do not touch each other. */
export interface Installation {
  data: string
  /** Settings as `DROWSE_*` variables. */
  env: Record<string, string>
}

/** Runs `./drowse` on an installation. */
export function drowse(
  installation: Installation,
  args: readonly string[],
  options: ExecOptions = {},
): Promise<ExecResult> {
  return exec(SCRIPT, args, { timeoutMs: 300_000, ...options, env: { ...installation.env, ...options.env } })
}

/** The variables that `drowse env` prints, as a client's shell would see them after `eval`. */
export async function clientEnvironment(installation: Installation): Promise<Record<string, string>> {
  const { stdout: script } = await drowse(installation, ['env'])
  const names = [...script.matchAll(/^export (\w+)=/gm)].map((match) => match[1] ?? '')
  const { stdout } = await exec('env', ['-i', 'bash', '-c', `${script}\nenv -0`])
  const all = stdout.split('\0').map((entry) => {
    const at = entry.indexOf('=')
    return [entry.slice(0, at), entry.slice(at + 1)] as const
  })
  return Object.fromEntries(all.filter(([name]) => names.includes(name)))
}
