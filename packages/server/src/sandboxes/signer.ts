import { setImmediate as nextTurn } from 'node:timers/promises'
import type { SignedFile } from '@drowse/gateway'
import { checkFileSignature, type SandboxId } from '@drowse/protocol'
import type { LifecycleContext } from './lifecycle-context.ts'

/** Tokens that are tried before other work gets its turn, some µs each. */
const BATCH = 250

/**
 * Finds the sandbox whose token has signed a file's URL. A signature says nothing of whose it is, so each token is tried, which takes some
 * ms for a thousand sandboxes. One that has ended is found too: the sandbox refuses it in its own words.
 */
export async function findSigner(context: LifecycleContext, file: SignedFile): Promise<SandboxId | undefined> {
  const nowMs = context.clock.nowMs()
  const tokens = await context.store.sandboxes.accessTokens()
  for (const [index, { id, accessToken }] of tokens.entries()) {
    const verdict = checkFileSignature({ ...file, accessToken, nowMs })
    if (verdict === 'valid' || verdict === 'expired') return id
    if (index % BATCH === BATCH - 1) await nextTurn()
  }
  return undefined
}
