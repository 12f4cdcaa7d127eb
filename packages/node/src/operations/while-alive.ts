import type { Engine } from '@drowse/engine'
import { DrowseError } from '@drowse/protocol'

/**
 * Does `work`, whose signal aborts with "engine_failed" as soon as the processes of the sandbox end by themselves, and with `signal`: nobody
 * waits half a minute for a daemon that is gone. Begin it before the boot.
 */
export async function whileAlive<T>(
  engine: Engine,
  id: string,
  work: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const ended = new AbortController()
  const stopListening = engine.onEvent((event) => {
    if (event.id !== id || event.kind !== 'exited') return
    ended.abort(
      new DrowseError('engine_failed', `Cannot go on with sandbox "${id}": its processes ended right after the boot`),
    )
  })
  try {
    return await work(signal === undefined ? ended.signal : AbortSignal.any([signal, ended.signal]))
  } finally {
    stopListening()
  }
}
