import { create } from '@bufbuild/protobuf'
import type { HandlerContext } from '@connectrpc/connect'
import { ConnectResponseSchema, type ConnectRequest, type ConnectResponse } from '@drowse/protocol'
import type { DaemonContext } from '../context.ts'
import { connectError } from '../rpc/connect-error.ts'
import { endEvent, keepaliveInterval, processEvents, startEvent } from './event-stream.ts'
import { RunningProcess } from './running-process.ts'

/** `Connect`: streams the events of a process from this moment on. Its timeout ends the stream, not the process. */
export async function* connect(
  daemon: DaemonContext,
  request: ConnectRequest,
  context: HandlerContext,
): AsyncGenerator<ConnectResponse> {
  try {
    const found = daemon.processes.getOrEnded(request.process)
    if (!(found instanceof RunningProcess)) {
      yield create(ConnectResponseSchema, { event: startEvent(found.pid) })
      yield create(ConnectResponseSchema, { event: endEvent(found.status) })
      return
    }
    const events = processEvents(found.pid, found.output.subscribe(), {
      signal: context.signal,
      keepaliveMs: keepaliveInterval(context.requestHeader.get('keepalive-ping-interval')),
    })
    for await (const event of events) yield create(ConnectResponseSchema, { event })
  } catch (error) {
    throw connectError(error)
  }
}
