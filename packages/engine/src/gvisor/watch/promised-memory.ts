import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'

const specSchema = z.object({
  linux: z.object({ resources: z.object({ memory: z.object({ limit: z.number() }) }) }),
})

/** Reads from a sandbox's bundle how much memory its guest is promised, in bytes; `undefined` when there is none that makes sense. */
export async function readPromisedMemory(bundle: string): Promise<number | undefined> {
  try {
    return specSchema.parse(JSON.parse(await readFile(join(bundle, 'config.json'), 'utf8'))).linux.resources.memory
      .limit
  } catch {
    return undefined
  }
}
