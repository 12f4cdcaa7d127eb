import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SignedFile } from '@drowse/gateway'
import { checkFileSignature, DrowseError, type SandboxId } from '@drowse/protocol'
import type { LifecycleContext } from './lifecycle-context.ts'

/** Tokens that are tried before other work gets its turn, some µs each. */
const BATCH = 250

/** Searches that may wait for their turn: anyone may ask for one, without credentials. */
const MAX_WAITING = 64

/**
 * Finds the sandbox as {@link searchSigner} does, one search at a time, and none that would have to wait for more than 64 others: throws
 * "rate_limited" then.
 */
export async function findSigner(context: LifecycleContext, file: SignedFile): Promise<SandboxId | undefined> {
  if (context.signerSearches.waiting >= MAX_WAITING) {
    throw new DrowseError('rate_limited', 'Cannot look for the sandbox that has signed this URL: too many ask at once')
  }
  return await context.signerSearches.run(async () => await searchSigner(context, file))
}

/**
 * Finds the sandbox whose token has signed a file's URL. A signature says nothing of whose it is, so each token is tried, which takes some
 * ms for a thousand sandboxes. One that has ended is found too: the sandbox refuses it in its own words.
 */
async function searchSigner(context: LifecycleContext, file: SignedFile): Promise<SandboxId | undefined> {
  const nowMs = context.clock.nowMs()
  const tokens = await context.store.sandboxes.accessTokens()
  for (const [index, { id, accessToken }] of tokens.entries()) {
    const verdict = checkFileSignature({ ...file, accessToken, nowMs })
    if (verdict === 'valid' || verdict === 'expired') return id
    if (index % BATCH === BATCH - 1) await nextTurn()
  }
  return undefined
}
