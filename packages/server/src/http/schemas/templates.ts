import type { NodeTemplate } from '@drowse/node'
import { ENVD_VERSION } from '@drowse/protocol'
import { z } from 'zod'

/** `:alias` of a path. */
export const aliasParams = z.object({ alias: z.string().max(256) })

/** Answer of `GET /templates/aliases/:alias`. */
export const aliasResponse = z.object({ templateID: z.string(), public: z.boolean() })

/** A template as clients read it. */
export const templateResponse = z.object({
  templateID: z.string(),
  buildID: z.string(),
  names: z.array(z.string()),
  aliases: z.array(z.string()),
  public: z.boolean(),
  cpuCount: z.number(),
  memoryMB: z.number(),
  diskSizeMB: z.number(),
  envdVersion: z.string(),
})

/** Every team sees every template; each has one build, of the same id. */
export function presentTemplate({ id, names, limits, diskSizeMb }: NodeTemplate): z.infer<typeof templateResponse> {
  return {
    templateID: id,
    buildID: id,
    names,
    aliases: names,
    public: true,
    cpuCount: limits.cpuCount,
    memoryMB: limits.memoryMb,
    diskSizeMB: diskSizeMb,
    envdVersion: ENVD_VERSION,
  }
}
