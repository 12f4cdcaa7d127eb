import { join } from 'node:path'
import { writeFileAtomic } from '@drowse/common'
import type { DataFolder } from '@drowse/node'
import { z } from 'zod'
import { readJsonFile } from '../host/read-json-file.ts'

const schema = z.object({ pid: z.int(), build: z.string() })

/** Notes in `run/build.json` of which build the service process `pid` is. */
export async function recordServiceBuild(folder: DataFolder, pid: number, build: string): Promise<void> {
  await writeFileAtomic(join(folder.run, 'build.json'), JSON.stringify({ pid, build }))
}

/** The noted build of the service process `pid`; `undefined` when it was started in another way. */
export async function findServiceBuild(folder: DataFolder, pid: number): Promise<string | undefined> {
  const parsed = schema.safeParse(await readJsonFile(join(folder.run, 'build.json')))
  return parsed.success && parsed.data.pid === pid ? parsed.data.build : undefined
}
