import { join } from 'node:path'
import type { DataFolder } from '@drowse/node'
import { z } from 'zod'
import { processStartTime } from '../host/process-identity.ts'
import { readJsonFile } from '../host/read-json-file.ts'

/** `run/service.json`, which the service writes when it listens. */
const serviceRecordSchema = z.object({
  pid: z.int().positive(),
  /** As {@link processStartTime} gives it; tells the process from a later one with the same pid. */
  startTime: z.coerce.number(),
  httpPort: z.int(),
  httpsPort: z.int(),
  sshPort: z.int().optional(),
  startedAt: z.union([z.string(), z.number()]),
})

/** A service that runs on this data folder. */
export type ServiceRecord = z.infer<typeof serviceRecordSchema>

/** The service that runs on the data folder; `undefined` when none does. A record whose process has ended counts as none. */
export async function findRunningService(folder: DataFolder): Promise<ServiceRecord | undefined> {
  const parsed = serviceRecordSchema.safeParse(await readJsonFile(join(folder.run, 'service.json')))
  if (!parsed.success) return undefined
  return (await processStartTime(parsed.data.pid)) === parsed.data.startTime ? parsed.data : undefined
}
