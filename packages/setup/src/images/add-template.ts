import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { writeFileAtomic } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'
import { readBaseRecipe } from '../base/base-recipe.ts'
import { DISK_SIZE_MB, hasLayer } from '../base/install-base.ts'
import type { SetupContext } from '../context.ts'
import { acquireLock } from '../host/setup-lock.ts'
import { installFolder, removeStaging } from '../host/staging.ts'
import { setupError } from '../setup-error.ts'
import { runSteps, type RunStepsOptions } from '../steps/run-steps.ts'
import { BUILD_LOCK, warmStep } from '../templates/build-templates.ts'
import { recipeIds } from '../templates/template-recipe.ts'
import { writeDefinition } from '../templates/template-steps.ts'
import { workspace } from '../workspace.ts'
import { readOciLayout, type OciImage } from './oci-layout.ts'
import { unpackImage } from './unpack-image.ts'

/** Shape of a template's name; it becomes part of folders' names. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/

/** Where the files of a template come from. */
export type ImageSource = { kind: 'oci' | 'rootfs'; path: string }

/**
 * Makes a template from an image: its files become one layer, on which sandboxes boot with the guest runtime of every template. An earlier
 * one of the name is replaced; sandboxes made from that keep their layer. Has the running service make the warm image.
 */
export async function addTemplate(
  context: SetupContext,
  name: string,
  source: ImageSource,
  options: RunStepsOptions,
): Promise<void> {
  const { folder, config, repository } = context
  const places = workspace(repository)
  if (!NAME.test(name) || name === 'base' || (await recipeIds(places)).includes(name)) {
    throw new DrowseError('invalid_argument', `Cannot add template "${name}": the name is malformed or taken`)
  }
  const { layerId: baseId } = await readBaseRecipe(places)
  if (!(await hasLayer(folder.layers, baseId))) {
    throw setupError(`Cannot add template "${name}": the base template of this clone is not there`, {
      hint: 'Run "sudo ./drowse up" first.',
    })
  }
  const image = await readImage(source)
  const layerId = `${name}-image-${image.sha256.slice(0, 12)}`
  await using _lock = await acquireLock(folder.root, BUILD_LOCK)
  await removeStaging(folder.layers, 'templates')
  const unpack = async (tools: Parameters<typeof unpackImage>[3]) => {
    if (await hasLayer(folder.layers, layerId)) return { status: 'kept', detail: layerId } as const
    const fill = async (staging: string): Promise<void> => {
      const at = {
        base: join(folder.layers, baseId, 'root'),
        root: join(staging, 'root'),
        scratch: join(staging, 'scratch'),
      }
      await mkdir(at.root, { mode: 0o755 })
      await unpackImage(image.layers, at, places, tools)
      const description = { id: layerId, template: name, kind: source.kind, sha256: image.sha256 }
      await writeFileAtomic(join(staging, 'layer.json'), JSON.stringify(description, null, 2))
    }
    await installFolder(folder.layers, layerId, fill, 'templates')
    return { status: 'done', detail: layerId } as const
  }
  const { memoryMb, cpuCount } = config
  const definition = { id: name, names: [name], layers: [layerId], memoryMb, cpuCount, diskSizeMb: DISK_SIZE_MB }
  await runSteps(
    [
      { id: 'image', title: 'Files of the image', run: unpack },
      {
        id: 'definition',
        title: `Template ${name}`,
        after: ['image'],
        run: async () => ({ status: (await writeDefinition(folder, definition)) ? 'done' : 'kept' }),
      },
      warmStep(context, name),
    ],
    options,
  )
}

async function readImage({
  kind,
  path,
}: ImageSource): Promise<Pick<OciImage, 'sha256'> & { layers: { path: string; sha256: string }[] }> {
  if (kind === 'oci') return await readOciLayout(path)
  const hash = createHash('sha256')
  try {
    await pipeline(createReadStream(path), hash)
  } catch (error) {
    throw new DrowseError('invalid_argument', `Cannot read the archive "${path}"`, { cause: error })
  }
  const sha256 = hash.digest('hex')
  return { sha256, layers: [{ path, sha256 }] }
}
