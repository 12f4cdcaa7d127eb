import type { NodeSandbox } from '@drowse/node'
import type { LifecycleContext } from './lifecycle-context.ts'
import { Semaphore } from './semaphore.ts'
import { settle } from './settle.ts'

/** How many sandboxes are put right at once. */
const CONCURRENCY = 8

/**
 * Compares every row with what the node holds and makes them agree: finishes or undoes what was cut, notices what died.
 * To be run before anything else uses the context. A sandbox that can't be put right is left for a later try.
 */
export async function reconcile(context: LifecycleContext): Promise<void> {
  const held = new Map((await context.node.inventory()).map((entry) => [entry.id, entry]))
  const rows = await context.store.sandboxes.all()
  const known = new Set(rows.map((row) => row.id))
  await forEachLimited(rows, async (row) => {
    try {
      await context.exclusive(row.id, async () => await settle(context, row, held.get(row.id)))
    } catch (error) {
      context.logger.error({ sandboxId: row.id, err: error }, 'could not put a sandbox right; trying again later')
      context.repairLater(row.id)
    }
  })
  await forEachLimited([...held.values()], async (entry) => {
    if (!known.has(entry.id)) await keepUnknown(context, entry)
  })
}

/**
 * A row goes only after the node has removed the sandbox, so one without a row comes from a store that was lost or put
 * back from a copy. It may be all that is left of somebody's work: it is never removed, only paused so that it costs no
 * memory, and reported.
 */
async function keepUnknown(context: LifecycleContext, entry: NodeSandbox): Promise<void> {
  const reason = 'the node holds it but the store does not know it'
  context.logger.warn({ sandboxId: entry.id, status: entry.status }, `${reason}; it is kept as it is`)
  try {
    if (entry.status === 'running') await context.node.pause(entry.id, { memory: true })
    await context.ledger.record({ id: entry.id, teamId: '' }, { name: 'sandbox.mismatch', data: { reason } })
  } catch (error) {
    context.logger.error({ sandboxId: entry.id, err: error }, 'could not pause an unknown sandbox; it runs on')
  }
}

async function forEachLimited<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const semaphore = new Semaphore(CONCURRENCY)
  await Promise.all(items.map(async (item) => await semaphore.run(async () => await work(item))))
}
