import { join } from 'node:path'
import { exec } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'
import { tiedCommand } from '../host/tied-command.ts'
import { setupError } from '../setup-error.ts'
import type { StepTools } from '../steps/step.ts'
import { runBuild } from '../templates/run-build.ts'
import type { Workspace } from '../workspace.ts'
import type { BaseRecipe } from './base-recipe.ts'

const BUILD_TIMEOUT_MS = 20 * 60_000

/** Makes the root of the base template in the absent folder `root`. Throws "setup_failed" when that cannot be done. */
export async function buildBase(root: string, recipe: BaseRecipe, places: Workspace, tools: StepTools): Promise<void> {
  const { report, signal } = tools
  const args = [
    '--variant=minbase',
    '--mode=root',
    `--include=${recipe.packages.join(',')}`,
    `--dpkgopt=${join(places.baseTemplate, 'dpkg.cfg')}`,
    recipe.suite,
    root,
  ]
  try {
    await runBuild('mmdebstrap', args, BUILD_TIMEOUT_MS, tools)
    report('adding user, Node and npm')
    const script = join(places.baseTemplate, 'customize.sh')
    const customize = [script, root, places.baseTemplate, places.nodePackage, places.npmPackage]
    await exec(...tiedCommand('sh', customize), { timeoutMs: BUILD_TIMEOUT_MS, signal })
  } catch (error) {
    signal.throwIfAborted()
    throw baseError(error)
  }
}

function baseError(error: unknown): DrowseError {
  const text = DrowseError.from(error).message
  const detail = text.slice(-1_500)
  if (/No space left/.test(text)) {
    return setupError('Cannot make the base template: the disk is full', {
      hint: 'Free 2 GB under the data folder, then run this again.',
      detail,
      cause: error,
    })
  }
  if (
    /resolve|Could not connect|Connection (failed|refused|timed out)|Network is unreachable|Failed to fetch/.test(text)
  ) {
    return setupError('Cannot make the base template: the Debian mirror cannot be reached', {
      hint: 'Check that apt-get reaches its Debian mirror, then run this again.',
      detail,
      cause: error,
    })
  }
  return setupError('Cannot make the base template', {
    hint: 'See the details, then run this again.',
    detail,
    cause: error,
  })
}
