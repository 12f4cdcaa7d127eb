import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { hashFolder } from '../guest/hash-folder.ts'
import type { Workspace } from '../workspace.ts'

/** Debian release of the templates. */
export const SUITE = 'bookworm'

/** What the base template is made from. */
export interface BaseRecipe {
  suite: string
  /** Debian packages over mmdebstrap's minimal set. */
  packages: readonly string[]
  /** Id of the layer: the same inputs give the same id, others another. */
  layerId: string
}

/** Reads the recipe from the clone. */
export async function readBaseRecipe(places: Workspace): Promise<BaseRecipe> {
  const packages = parsePackageList(await readFile(join(places.baseTemplate, 'packages.txt'), 'utf8'))
  const inputs = [
    SUITE,
    await hashFolder(places.baseTemplate),
    await packageVersion(places.nodePackage),
    await packageVersion(places.npmPackage),
  ]
  const hash = createHash('sha256').update(inputs.join('\n')).digest('hex')
  return { suite: SUITE, packages, layerId: `base-${hash.slice(0, 12)}` }
}

/** Names in a list with one a line, blank lines and `#` comments. */
export function parsePackageList(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
}

async function packageVersion(directory: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as {
    name: string
    version: string
  }
  return `${manifest.name}@${manifest.version}`
}
