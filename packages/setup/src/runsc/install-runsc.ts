import { copyFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDirectory, writeFileAtomic } from '@drowse/common'
import { engineAssetSchema, type EngineAsset } from '@drowse/node'
import type { SetupContext } from '../context.ts'
import { hashFile } from '../host/hash-file.ts'
import { readJsonFile } from '../host/read-json-file.ts'
import { removeTree } from '../host/remove-tree.ts'
import { installFolder, removeStaging } from '../host/staging.ts'
import { setupError } from '../setup-error.ts'
import type { StepOutcome, StepTools } from '../steps/step.ts'
import { BUILD_SOURCE, buildRunsc } from './build-runsc.ts'
import { fetchRunsc } from './fetch-runsc.ts'
import { findRunsc } from './find-runsc.ts'
import { runscProblem } from './probe-runsc.ts'
import type { RunscCandidate } from './runsc-candidate.ts'

/** Length of the folder names made from a hash, in hex digits. */
const NAME_LENGTH = 16

/**
 * Puts a runsc under `engine/` and records it in `engine/current.json`: the one recorded before (unless it is a build of ours by an earlier
 * recipe), else one found on PATH, fetched from a release or built from source. Older builds stay, since images need theirs.
 */
export async function installRunsc(context: SetupContext, tools: StepTools): Promise<StepOutcome> {
  const { folder } = context
  const current = await findEngineAsset(folder.engine)
  if (current !== undefined && !isOutdated(current)) return { status: 'kept', detail: current.source }
  await ensureDirectory(folder.engine)
  await removeStaging(folder.engine)
  const work = join(folder.engine, 'work')
  await ensureDirectory(work)
  const candidate = await obtainRunsc(context, work, tools)
  const asset = await recordRunsc(folder.engine, candidate)
  // Toolchain, modules and caches: kept over a failure for the next try, of no use after a success.
  await removeTree(work)
  return { status: 'done', detail: asset.source }
}

/** A build of ours by an earlier recipe is made anew; what a person or a release gave stays. Images of the old build keep their binary. */
function isOutdated({ source }: EngineAsset): boolean {
  return source.startsWith('built from ') && !source.startsWith(BUILD_SOURCE)
}

/** The recorded runsc when its binary is still there. */
export async function findEngineAsset(directory: string): Promise<EngineAsset | undefined> {
  const parsed = engineAssetSchema.safeParse(await readJsonFile(join(directory, 'current.json')))
  if (!parsed.success) return undefined
  return stat(parsed.data.path).then(
    () => parsed.data,
    () => undefined,
  )
}

/** Copies a binary into the folder named by its hash and makes it the current one. */
export async function recordRunsc(directory: string, candidate: RunscCandidate): Promise<EngineAsset> {
  const sha256 = await hashFile(candidate.path)
  const target = await installFolder(directory, sha256.slice(0, NAME_LENGTH), async (staging) => {
    await copyFile(candidate.path, join(staging, 'runsc'))
  })
  const asset: EngineAsset = { path: join(target, 'runsc'), sha256, source: candidate.source }
  await writeFileAtomic(join(directory, 'current.json'), JSON.stringify(asset, null, 2))
  return asset
}

async function obtainRunsc(context: SetupContext, work: string, tools: StepTools): Promise<RunscCandidate> {
  const { signal, report } = tools
  report('looking on PATH')
  const found = await findRunsc(context.env['PATH'])
  if (found !== undefined) return found
  if (context.config.runscReleaseUrl !== 'none') {
    report('asking for a release')
    const releaseUrl = context.config.runscReleaseUrl
    const fetched = await fetchRunsc({ releaseUrl, directory: work, signal, report })
    if (fetched !== undefined && (await runscProblem(fetched.path)) === undefined) return fetched
  }
  const built = await buildRunsc({ path: context.env['PATH'], directory: join(work, 'build'), signal, report })
  const problem = await runscProblem(built.path)
  if (problem !== undefined) {
    throw setupError(`Cannot use runsc, ${built.source}: ${problem}`, {
      hint: 'Run "./drowse doctor" and see to what it names.',
    })
  }
  return built
}
