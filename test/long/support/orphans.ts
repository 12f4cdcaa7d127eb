import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { instanceName } from '@drowse/node'
import { api } from '../../platform/support/inspect.ts'
import { until } from '../../platform/support/sandboxes.ts'
import type { Installation } from '../../platform/support/drowse.ts'

/** Ids of all sandboxes that the API lists. */
export async function listedIds(): Promise<string[]> {
  const answer = await api('/v2/sandboxes?state=running,paused&limit=100')
  if (!answer.ok) throw new Error(`the list was answered with ${answer.status}`)
  return ((await answer.json()) as { sandboxID: string }[]).map(({ sandboxID }) => sandboxID)
}

/** What the host and the data folder hold of sandboxes that the API does not know, and halves of images. Empty is good. */
export async function orphans({ data }: Installation): Promise<string[]> {
  const known = new Set(await listedIds())
  const instance = instanceName(data)
  const named = (path: string, pattern: RegExp): string[] =>
    (existsSync(path) ? readdirSync(path) : []).flatMap((name) => pattern.exec(name)?.[1] ?? [])
  const folders = named(join(data, 'sandboxes'), /^(.+)$/)
  return [
    ...folders.filter((id) => !known.has(id)).map((id) => `folder of ${id}`),
    ...named(join(data, 'runsc'), /^(.+)_sandbox:\1\.state$/)
      .filter((id) => !known.has(id))
      .map((id) => `container ${id}`),
    ...named('/run/netns', new RegExp(`^drowse-${instance}-(.+)$`))
      .filter((id) => !known.has(id))
      .map((id) => `namespace of ${id}`),
    ...folders.filter((id) => existsSync(join(data, 'sandboxes', id, 'image.next'))).map((id) => `half image of ${id}`),
    ...readdirSync(join(data, 'trash')).map((name) => `trash ${name}`),
  ]
}

/** Waits until there are no orphans; throws with what they are when they stay. */
export async function expectNoOrphans(installation: Installation): Promise<void> {
  let found: string[] = []
  try {
    await until(async () => {
      found = await orphans(installation)
      return found.length === 0
    }, 20_000)
  } catch {
    throw new Error(`left behind: ${found.join(', ')}`)
  }
}
