import type { TemplateBuildHistory } from '@drowse/node'
import { z } from 'zod'

export const buildStatusParams = z.object({ templateID: z.string().max(256), buildID: z.string().min(1).max(256) })

export const buildStatusQuery = z.object({
  /** How many entries of the log the client has already. */
  logsOffset: z.coerce.number().int().min(0).default(0),
})

const logEntry = z.object({
  timestamp: z.string(),
  level: z.enum(['info', 'error']),
  message: z.string(),
  step: z.string().optional(),
})

/** The shape of wire.md §1.5. */
export const buildStatusResponse = z.object({
  templateID: z.string(),
  buildID: z.string(),
  status: z.enum(['building', 'ready', 'error']),
  logs: z.array(z.string()),
  logEntries: z.array(logEntry),
  reason: z.object({ message: z.string(), step: z.string().optional() }).optional(),
})

/** A build as clients know it. An interrupted one is an error: nobody goes on with it. */
export function presentBuild(build: TemplateBuildHistory, logsOffset: number): z.infer<typeof buildStatusResponse> {
  const { id, buildId, state, error, failedStep } = build
  const logEntries = build.log.slice(logsOffset)
  const status = state === 'building' || state === 'ready' ? state : 'error'
  const message = error ?? 'the build was interrupted'
  const reason = { message, ...(failedStep === undefined ? {} : { step: failedStep }) }
  return {
    templateID: id,
    buildID: buildId,
    status,
    logs: logEntries.map((entry) => entry.message),
    logEntries,
    ...(status === 'error' ? { reason } : {}),
  }
}
