import { randomBytes } from 'node:crypto'
import type { NodeTemplate } from '@drowse/node'
import { newSandboxId } from '@drowse/protocol'
import { checkTimeout, startDeadlines } from './deadlines.ts'
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

/** Makes a sandbox and answers when its daemon does. On failure nothing of it is left, or soon will be. */
export async function createSandbox(
  context: LifecycleContext,
  teamId: string,
  request: CreateRequest,
): Promise<Sandbox> {
  checkTimeout(request.timeoutMs, context.planMs)
  const creating = newSandbox(context, teamId, request)
  await context.ledger.insert(creating)
  return await context.exclusive(creating.id, async () => await startNew(context, creating, request))
}

async function startNew(context: LifecycleContext, creating: Sandbox, request: CreateRequest): Promise<Sandbox> {
  const { id } = creating
  const { template } = request
  try {
    await context.node.create({
      id,
      templateId: template.id,
      limits: { memoryMb: creating.memoryMb, cpuCount: creating.cpuCount },
      init: nodeInit(creating),
    })
  } catch (error) {
    const killing = await beginKill(context, creating, 'creation failed')
    if (killing !== undefined) await finishKillOrRetry(context, killing)
    throw nodeFailure('create', id, 'nothing of it is left', error)
  }
  const running = await context.ledger.transition(
    creating,
    'running',
    startDeadlines(context.clock.nowMs(), request.timeoutMs, context.planMs),
    { name: 'sandbox.created', data: { templateId: template.id } },
  )
  if (running !== undefined) return running
  await discard(context, id)
  throw await lostToKill(context, id)
}

function newSandbox(context: LifecycleContext, teamId: string, request: CreateRequest): Sandbox {
  const { template, timeoutMs, ...attributes } = request
  const nowMs = context.clock.nowMs()
  return {
    ...attributes,
    id: newSandboxId(),
    teamId,
    templateId: template.id,
    templateAlias: template.names[0],
    state: 'creating',
    generation: 0,
    createdAtMs: nowMs,
    ...startDeadlines(nowMs, timeoutMs, context.planMs),
    createTimeoutMs: timeoutMs,
    runTimeoutMs: timeoutMs,
    envdAccessToken: attributes.secure ? newToken() : undefined,
    trafficAccessToken: attributes.network.allowPublicTraffic === false ? newToken() : undefined,
    cpuCount: template.limits.cpuCount,
    memoryMb: template.limits.memoryMb,
    diskSizeMb: template.diskSizeMb,
    pauseMode: undefined,
    coldReason: undefined,
  }
}

function newToken(): string {
  return randomBytes(24).toString('hex')
}
