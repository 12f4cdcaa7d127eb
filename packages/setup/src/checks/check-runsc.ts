import type { SetupContext } from '../context.ts'
import { findEngineAsset } from '../runsc/install-runsc.ts'
import { runscProblem } from '../runsc/probe-runsc.ts'
import type { Finding } from './finding.ts'

/** Checks that runsc is installed and starts a throw-away sandbox. */
export async function checkRunsc({ folder }: SetupContext): Promise<Finding> {
  const name = 'runsc'
  const asset = await findEngineAsset(folder.engine)
  if (asset === undefined) {
    return { name, status: 'fail', detail: 'not installed', fix: 'Run "sudo ./drowse up", which gets it.' }
  }
  const problem = await runscProblem(asset.path)
  if (problem === undefined) return { name, status: 'ok', detail: `${asset.source}; starts a sandbox` }
  return {
    name,
    status: 'fail',
    detail: `${asset.path}: ${problem}`,
    fix: 'See to kernel and cgroups above; in a container it must be privileged. Remove engine/current.json and run "sudo ./drowse up" to get it anew.',
  }
}
