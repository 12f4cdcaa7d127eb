import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { exec } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'
import { removeTree } from '../host/remove-tree.ts'
import { tiedCommand } from '../host/tied-command.ts'
import type { StepTools } from '../steps/step.ts'
import type { Workspace } from '../workspace.ts'
import type { ImageLayer } from './oci-layout.ts'
import { writePlainArchive } from './plain-archive.ts'

const UNPACK_TIMEOUT_MS = 30 * 60_000

/** Where {@link unpackImage} works. */
export interface UnpackPlaces {
  /** The base template's root, whose tar unpacks. */
  base: string
  /** Root that is made; exists and is empty. */
  root: string
  /** Absent folder for what is needed meanwhile; removed at the end. */
  scratch: string
}

/**
 * Unpacks the layers of an image, the bottom one first, into one root with what they delete deleted. Nothing in an archive reaches beyond
 * the root. Throws "invalid_argument" for a damaged archive.
 */
export async function unpackImage(
  layers: readonly ImageLayer[],
  at: UnpackPlaces,
  workspace: Workspace,
  { report, signal }: StepTools,
): Promise<void> {
  const input = join(at.scratch, 'input')
  const scripts = join(workspace.templates, 'layers')
  for (const [index, { path, sha256 }] of layers.entries()) {
    report(`unpacking layer ${index + 1} of ${layers.length}`)
    await mkdir(input, { recursive: true })
    await copyFile(join(scripts, 'apply.sh'), join(input, 'apply.sh'))
    await writePlainArchive(path, join(input, 'layer.tar'), { expected: sha256, signal })
    const args = [join(scripts, 'unpack.sh'), at.base, at.root, input, join(at.scratch, 'view')]
    try {
      await exec(...tiedCommand('sh', args), { timeoutMs: UNPACK_TIMEOUT_MS, signal })
    } catch (error) {
      signal.throwIfAborted()
      const text = DrowseError.from(error).message
      if (text.includes('No space left')) throw error
      throw new DrowseError('invalid_argument', `Cannot unpack "${path}": ${text.slice(-500)}`, { cause: error })
    }
    await removeTree(input)
  }
  await removeTree(at.scratch)
}
