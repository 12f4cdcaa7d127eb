import { DrowseError, publicState, SANDBOX_STATES, type SandboxState } from '@drowse/protocol'
import type { PageKey, SandboxListQuery } from '../store/repos/sandbox-repo.ts'
import { findTier, type SandboxDetail } from './get.ts'
import type { LifecycleContext } from './lifecycle-context.ts'
import type { Sandbox } from './sandbox.ts'

/** Which sandboxes a client wants to see. */
export interface ListRequest extends Omit<SandboxListQuery, 'states' | 'after'> {
  /** As clients name them. */
  states: readonly ('running' | 'paused')[]
  /** `nextToken` of the page before. */
  token?: string
}

/** A sandbox as lists know it. */
export type ListedSandbox = Pick<SandboxDetail, 'sandbox' | 'tier'>

/** One page of sandboxes; `nextToken` is absent on the last one. */
export interface SandboxPage {
  sandboxes: ListedSandbox[]
  nextToken?: string
}

/** States in which a sandbox does not exist for clients: not answered yet, or killed. */
const HIDDEN: readonly SandboxState[] = ['creating', 'killing']

/**
 * Lists a team's sandboxes page by page. A sandbox that is there and unchanged throughout is listed exactly once,
 * whatever others come and go.
 */
export async function listSandboxes(context: LifecycleContext, request: ListRequest): Promise<SandboxPage> {
  const { states, token, limit, ...query } = request
  const rows = await context.store.sandboxes.list({
    ...query,
    states: SANDBOX_STATES.filter((state) => !HIDDEN.includes(state) && states.includes(publicState(state))),
    limit: limit + 1,
    ...(token === undefined ? {} : { after: parseToken(token) }),
  })
  const page = rows.slice(0, limit)
  const sandboxes = await Promise.all(
    page.map(async (row) => ({ sandbox: context.activity.present(row), tier: await findTier(context, row) })),
  )
  const last = page.at(-1)
  return rows.length > limit && last !== undefined ? { sandboxes, nextToken: formatToken(last) } : { sandboxes }
}

function formatToken(last: Sandbox): string {
  return Buffer.from(`${last.startedAtMs}:${last.id}`).toString('base64url')
}

function parseToken(token: string): PageKey {
  const match = /^(\d{1,15}):([a-z0-9]+)$/.exec(Buffer.from(token, 'base64url').toString('latin1'))
  if (match?.[1] === undefined || match[2] === undefined) {
    throw new DrowseError('invalid_argument', 'Invalid "nextToken": use the one of the page before as it is')
  }
  return { startedAtMs: Number(match[1]), id: match[2] }
}
