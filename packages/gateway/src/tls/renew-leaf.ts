import { stat } from 'node:fs/promises'
import { isNoEntry, repeat, systemClock, type Logger } from '@drowse/common'
import { certificatePlaces, readPair, writePair, type CertificateOptions } from './certificate-files.ts'
import { issueLeaf } from './issue.ts'
import { isAuthorityFor, isUsableLeaf } from './judge-certificates.ts'

/** How often, in ms, a running service looks at its leaf: half a day, of the 30 days before its end in which it is renewed. */
const LOOK_EVERY_MS = 43_200_000
/** Age, in ms, from which a rotation that is under way counts as cut; one that goes on takes seconds. */
const CUT_AFTER_MS = 3_600_000

/** What came of {@link renewLeaf}: nothing to do, a new leaf is in its files, somebody replaces the authority right now, or the authority cannot sign. */
export type Renewal = 'kept' | 'renewed' | 'rotating' | 'no authority'

/**
 * Writes a new leaf, signed by the same authority, when the one in its files is missing, damaged, about to end or not of that authority. The authority is never replaced: clients trust it.
 * Safe to repeat; a crash leaves a pair that does not match, which the next call repairs.
 */
export async function renewLeaf(options: CertificateOptions): Promise<Renewal> {
  const nowMs = options.clock.nowMs()
  const files = await certificatePlaces(options)
  if (await isUnderWay(files.rotation)) return 'rotating'
  const ca = await readPair(files.ca)
  if (ca === undefined || !isAuthorityFor(ca, options.domain, nowMs)) return 'no authority'
  const leaf = await readPair(files.leaf)
  if (leaf !== undefined && isUsableLeaf(leaf, ca, options.domain, nowMs)) return 'kept'
  await writePair(files.leaf, await issueLeaf(ca, options.domain, nowMs))
  return 'renewed'
}

/** Whether a rotation of the authority has begun and may go on in another process. */
async function isUnderWay(rotationPath: string): Promise<boolean> {
  try {
    return systemClock.nowMs() - (await stat(rotationPath)).mtimeMs < CUT_AFTER_MS
  } catch (error) {
    if (isNoEntry(error)) return false
    throw error
  }
}

/**
 * Renews the leaf in its files in time, for as long as the service runs; `watchCertificate` serves what is new there. What goes wrong is logged, and tried again half a day later.
 * Disposing ends it.
 */
export function keepLeafFresh(options: CertificateOptions, logger: Logger): AsyncDisposable {
  const { clock, domain } = options
  return repeat(clock, LOOK_EVERY_MS, async () => {
    try {
      const outcome = await renewLeaf(options)
      if (outcome === 'renewed') logger.info({ domain }, 'the certificate of the https door was renewed')
      if (outcome === 'no authority') {
        logger.warn(
          { domain },
          'the certificate of the https door cannot be renewed: run "drowse ca rotate", or restart the service',
        )
      }
    } catch (error) {
      logger.warn({ err: error }, 'the certificate of the https door could not be renewed')
    }
  })
}
