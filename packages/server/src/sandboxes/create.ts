import { randomBytes } from 'node:crypto'
import type { NodeTemplate } from '@drowse/node'
import { newSandboxId, type SandboxId } from '@drowse/protocol'
import type { Repos } from '../store/store.ts'
import { checkProxy } from './check-proxy.ts'
import { checkTimeout, startDeadlines } from './deadlines.ts'
import { egressPolicyOf } from './egress-policy.ts'
import { beginKill, discard, finishKillOrRetry } from './kill.ts'
import { nodeFailure } from './lifecycle-errors.ts'
import type { LifecycleContext } from './lifecycle-context.ts'
import { nodeInit } from './node-init.ts'
import { lostToKill } from './row-lookup.ts'
import type { Sandbox } from './sandbox.ts'

/** What a client decides about a new sandbox. */
export interface CreateRequest extends Pick<
  Sandbox,
  'autoPause' | 'autoPauseMemory' | 'autoResume' | 'metadata' | 'envVars' | 'network' | 'allowInternetAccess' | 'secure'
> {
  template: NodeTemplate
  timeoutMs: number
}

/**
 * Makes a sandbox and answers when its daemon does. On failure nothing of it is left, or soon will be.
 * `withRow` writes what belongs to the new row, in the same transaction.
 */
export async function createSandbox(
  context: LifecycleContext,
  teamId: string,
  request: CreateRequest,
  withRow?: (repos: Repos, id: SandboxId) => Promise<void>,
): Promise<Sandbox> {
  checkTimeout(request.timeoutMs, context.planMs)
  await checkProxy(context, request.network)
  const id = await claimId(context, request.template)
  const creating = newSandbox(context, id, teamId, request)
  await context.ledger.insert(creating, withRow && (async (repos) => await withRow(repos, id)))
  context.step('server.create.intent')
  return await context.exclusive(creating.id, async () => await startNew(context, creating, request))
}

async function startNew(context: LifecycleContext, creating: Sandbox, request: CreateRequest): Promise<Sandbox> {
  const { id } = creating
  const { template } = request
  const egress = egressPolicyOf(creating)
  try {
    await context.node.create({
      id,
      templateId: template.id,
      limits: { memoryMb: creating.memoryMb, cpuCount: creating.cpuCount },
      init: nodeInit(creating),
      ...(egress === undefined ? {} : { egress }),
    })
  } catch (error) {
    const killing = await beginKill(context, creating, 'creation failed')
    if (killing !== undefined) await finishKillOrRetry(context, killing)
    throw nodeFailure('create', id, 'nothing of it is left', error)
  }
  context.step('server.create.effect')
  const deadlines = startDeadlines(creating, context.clock.nowMs(), request.timeoutMs, context.planMs)
  const running = await context.ledger.transition(creating, 'running', deadlines, {
    name: 'sandbox.created',
    data: { templateId: template.id },
  })
  context.step('server.create.outcome')
  if (running !== undefined) return running
  await discard(context, id)
  throw await lostToKill(context, id)
}

/** The id of a sandbox that the node made ahead, or a new one. */
async function claimId(context: LifecycleContext, template: NodeTemplate): Promise<SandboxId> {
  try {
    return (await context.node.claim(template.id, template.limits)) ?? newSandboxId()
  } catch (error) {
    context.logger.warn({ err: error }, 'could not claim a sandbox made ahead; making one from the start')
    return newSandboxId()
  }
}

function newSandbox(context: LifecycleContext, id: SandboxId, teamId: string, request: CreateRequest): Sandbox {
  const { template, timeoutMs, ...attributes } = request
  const nowMs = context.clock.nowMs()
  return {
    ...attributes,
    id,
    teamId,
    templateId: template.id,
    templateAlias: template.names[0],
    state: 'creating',
    generation: 0,
    createdAtMs: nowMs,
    ...startDeadlines(attributes, nowMs, timeoutMs, context.planMs),
    createTimeoutMs: timeoutMs,
    runTimeoutMs: timeoutMs,
    envdAccessToken: attributes.secure ? newToken() : undefined,
    trafficAccessToken: attributes.network.allowPublicTraffic === false ? newToken() : undefined,
    cpuCount: template.limits.cpuCount,
    memoryMb: template.limits.memoryMb,
    diskSizeMb: template.diskSizeMb,
    pauseMode: undefined,
    wasGuestSilent: false,
    coldReason: undefined,
  }
}

function newToken(): string {
  return randomBytes(24).toString('hex')
}
