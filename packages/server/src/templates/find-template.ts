import { deadline, pollUntil } from '@drowse/common'
import type { NodeClient, NodeTemplate, TemplateBuildStatus } from '@drowse/node'
import { DrowseError } from '@drowse/protocol'
import { parseReference, resolveTemplate } from './resolve-template.ts'

/** A build that is said to need no longer than this, in seconds, is waited for. */
const WAIT_BELOW_S = 30
/** Longest wait for a build, in ms: clients wait 60 s for a create, which needs some of that itself. */
const WAIT_MS = 40_000
/** Longest `Retry-After`, in seconds: what is left of a build is an estimate. */
const MAX_RETRY_AFTER_S = 60

/** Where templates and their builds are asked for. */
export type TemplateSource = Pick<NodeClient, 'templates' | 'templateBuilds'>

type Found = { template: NodeTemplate; build?: never } | { template?: never; build: TemplateBuildStatus }

/**
 * Finds the template that a client's reference means, as `resolveTemplate` does. For one that is being built it waits when that will be done
 * in a moment, else throws "unavailable" that says how far it is; not retryable when nobody builds it any more, or when it does not start.
 */
export async function findTemplate(source: TemplateSource, reference: string): Promise<NodeTemplate> {
  const { template, build } = await look(source, reference)
  if (template !== undefined) return template
  if (build.secondsLeft > WAIT_BELOW_S) throw notBuilt(build)
  return await awaitBuild(source, reference)
}

/** The template, or the build that goes on to make it; throws when there is neither. */
async function look(source: TemplateSource, reference: string): Promise<Found> {
  try {
    return { template: startable(resolveTemplate(await source.templates(), reference)) }
  } catch (error) {
    const build = isUnknown(error) ? await findBuild(source, reference) : undefined
    if (build === undefined) throw error
    if (build.state !== 'building') throw notBuilt(build)
    return { build }
  }
}

async function awaitBuild(source: TemplateSource, reference: string): Promise<NodeTemplate> {
  const probe = async (): Promise<NodeTemplate | undefined> => (await look(source, reference)).template
  const signal = deadline(WAIT_MS, 'wait for a template')
  try {
    return await pollUntil(probe, { intervalMs: 250, maxIntervalMs: 500, signal })
  } catch (error) {
    const build = signal.aborted ? await findBuild(source, reference) : undefined
    throw build === undefined ? error : notBuilt(build)
  }
}

/** Throws "unavailable" for a template that is known not to start. */
function startable(template: NodeTemplate): NodeTemplate {
  const { id, trouble } = template
  if (trouble === undefined) return template
  throw lasting(
    `Cannot create a sandbox of template "${id}": ${trouble}; on the host, "drowse template show ${id}" tells more`,
  )
}

function isUnknown(error: unknown): boolean {
  return error instanceof DrowseError && error.code === 'not_found'
}

/** An "unavailable" that does not pass by itself. */
function lasting(message: string): DrowseError {
  return new DrowseError('unavailable', message, { isRetryable: false, details: { isPublic: true } })
}

async function findBuild(source: TemplateSource, reference: string): Promise<TemplateBuildStatus | undefined> {
  const name = parseReference(reference).name.toLowerCase()
  const builds = await source.templateBuilds()
  return builds.find(({ id, names }) => id === name || names.some((known) => known.toLowerCase() === name))
}

function notBuilt(build: TemplateBuildStatus): DrowseError {
  const { id, state, secondsLeft, detail } = build
  const sentence = `Cannot create a sandbox of template "${id}"`
  if (state !== 'building') {
    const why = state === 'failed' ? `its build failed: ${detail}` : 'its build was interrupted'
    return lasting(`${sentence}: ${why}; on the host, "drowse template show ${id}" tells more`)
  }
  const minutes = Math.ceil(secondsLeft / 60)
  const message = `${sentence}: it is being built, about ${minutes} ${minutes === 1 ? 'minute' : 'minutes'} left`
  const retryAfterS = Math.min(secondsLeft, MAX_RETRY_AFTER_S)
  return new DrowseError('unavailable', message, { details: { isPublic: true, retryAfterS } })
}
