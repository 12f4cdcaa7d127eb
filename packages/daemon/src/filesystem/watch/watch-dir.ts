import { create } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import {
  FilesystemEventSchema,
  WatchDirResponseSchema,
  type FilesystemEvent,
  type WatchDirResponse,
} from '@drowse/protocol'
import { keepaliveInterval } from '../../process/event-stream.ts'
import { connectError } from '../../rpc/connect-error.ts'
import type { WatchEvent } from './event-queue.ts'
import type { WatchRequest } from './open-watch.ts'
import type { WatcherTable } from './watcher-table.ts'

/** `WatchDir`: a start, then events as they come, with keepalives in silence, until the client goes or the sandbox was paused. */
export async function* watchDir(
  watchers: WatcherTable,
  request: () => WatchRequest,
  context: HandlerContext,
): AsyncGenerator<WatchDirResponse> {
  try {
    using watch = await watchers.stream(request())
    yield create(WatchDirResponseSchema, { event: { case: 'start', value: {} } })
    const keepaliveMs = keepaliveInterval(context.requestHeader.get('keepalive-ping-interval'))
    for (;;) {
      await watch.queue.ready(keepaliveMs, context.signal)
      if (context.signal.aborted) throw context.signal.reason
      const events = watch.queue.take()
      if (events.length === 0) yield create(WatchDirResponseSchema, { event: { case: 'keepalive', value: {} } })
      for (const event of events) {
        yield create(WatchDirResponseSchema, { event: { case: 'filesystem', value: await filesystemEvent(event) } })
      }
    }
  } catch (error) {
    throw connectError(error)
  }
}

/** An event as clients read it. */
export async function filesystemEvent({ name, type, entry }: WatchEvent): Promise<FilesystemEvent> {
  const found = await entry
  return create(FilesystemEventSchema, { name, type, ...(found === undefined ? {} : { entry: found }) })
}
