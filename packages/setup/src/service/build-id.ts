import { createHash } from 'node:crypto'
import { glob, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SetupContext } from '../context.ts'

/** Packages whose sources make up the service. */
const PACKAGES = ['protocol', 'common', 'engine', 'node', 'gateway', 'server']

/**
 * Identifies what a service started at this moment would be: its sources, libraries, settings, runsc, guest runtime and base template.
 * A running service with another id is out of date.
 */
export async function buildId({ repository, config, folder }: SetupContext): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify(config))
  const sources = `packages/{${PACKAGES.join(',')}}/src/**/*.ts`
  const files = ['package-lock.json']
  for await (const file of glob(sources, { cwd: repository })) if (!file.endsWith('.test.ts')) files.push(file)
  for (const file of files.toSorted()) hash.update(file).update(await readFile(join(repository, file)))
  const assets = [
    join(folder.engine, 'current.json'),
    join(folder.guest, 'current.json'),
    join(folder.templates, 'base', 'template.json'),
  ]
  for (const path of assets) hash.update(await readFile(path).catch(() => ''))
  return hash.digest('hex').slice(0, 16)
}
