import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DataFolder, TemplateDefinition } from '@drowse/node'
import { DrowseError } from '@drowse/protocol'
import { readBaseRecipe } from '../base/base-recipe.ts'
import type { SetupContext } from '../context.ts'
import { hashFile } from '../host/hash-file.ts'
import { acquireLock } from '../host/setup-lock.ts'
import { removeStaging } from '../host/staging.ts'
import { runSteps, type RunStepsOptions } from '../steps/run-steps.ts'
import type { Step, StepOutcome, StepTools } from '../steps/step.ts'
import { BUILD_LOCK, recordBuild, warmStep } from '../templates/build-templates.ts'
import { installLayer, requireBaseLayer } from '../templates/layer.ts'
import { DISK_SIZE_MB, findDefinition, writeDefinition } from '../templates/template-definition.ts'
import { recipeIds } from '../templates/template-recipe.ts'
import { workspace } from '../workspace.ts'
import { readOciLayout, type OciImage } from './oci-layout.ts'
import { unpackImage } from './unpack-image.ts'

/** Shape of a template's name; it becomes part of folders' names. */
const NAME = /^[a-z0-9][a-z0-9._-]{0,62}$/

/** How long it is said to take, in seconds; a large image takes longer. */
const EXPECTED_SECONDS = 60

/** Where the files of a template come from. */
export type ImageSource = { kind: 'oci' | 'rootfs'; path: string }

/**
 * Makes a template from an image: its files become one layer, on which sandboxes boot with the guest runtime of every template. An earlier
 * one of the name is replaced; sandboxes made from that keep their layer. Has the running service make the warm image; when it finds that the
 * image does not boot, the earlier template is put back, and the record of the build says why.
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
  await requireBaseLayer(folder.layers, baseId, `add template "${name}"`)
  const image = await readImage(source)
  const layerId = `${name}-image-${image.sha256.slice(0, 12)}`
  await using _lock = await acquireLock(folder.root, BUILD_LOCK)
  await removeStaging(folder.layers, 'templates')
  const unpack = (tools: StepTools): Promise<StepOutcome> => {
    const description = { id: layerId, template: name, kind: source.kind, sha256: image.sha256 }
    const fill = async (staging: string): Promise<void> => {
      const at = {
        base: join(folder.layers, baseId, 'root'),
        root: join(staging, 'root'),
        scratch: join(staging, 'scratch'),
      }
      await mkdir(at.root, { mode: 0o755 })
      await unpackImage(image.layers, at, places, tools)
    }
    return installLayer(folder.layers, description, fill, 'templates')
  }
  const { memoryMb, cpuCount } = config
  const definition = { id: name, names: [name], layers: [layerId], memoryMb, cpuCount, diskSizeMb: DISK_SIZE_MB }
  const earlier = await findDefinition(folder, name)
  const steps: Step[] = [
    { id: 'image', title: 'Files of the image', run: unpack },
    {
      id: 'definition',
      title: `Template ${name}`,
      after: ['image'],
      run: async () => ({ status: (await writeDefinition(folder, definition)) ? 'done' : 'kept' }),
    },
    warmStep(context, name),
  ]
  await recordBuild(
    context,
    { id: name, names: [name], expectedSeconds: EXPECTED_SECONDS },
    options,
    async (recorded) => {
      try {
        await runSteps(steps, recorded)
      } catch (error) {
        await putBack(folder, name, earlier)
        throw error
      }
    },
  )
}

async function putBack(folder: DataFolder, name: string, earlier: TemplateDefinition | undefined): Promise<void> {
  if (earlier === undefined) await rm(join(folder.templates, name, 'template.json'), { force: true })
  else await writeDefinition(folder, earlier)
}

async function readImage({ kind, path }: ImageSource): Promise<OciImage> {
  if (kind === 'oci') return await readOciLayout(path)
  try {
    const sha256 = await hashFile(path)
    return { sha256, layers: [{ path, sha256 }] }
  } catch (error) {
    throw new DrowseError('invalid_argument', `Cannot read the archive "${path}"`, { cause: error })
  }
}
