import { once } from 'node:events'
import type { Duplex } from 'node:stream'
import { DrowseError } from '@drowse/protocol'
import type { ServerChannel, TcpipRequestInfo } from 'ssh2'
import { channelChunks } from '../channel/channel-chunks.ts'
import type { ChannelContext } from '../channel/channel-context.ts'
import { ChannelWriter } from '../channel/channel-writer.ts'

/** The only places that a client may be connected to: the sandbox itself. */
const OWN_NAMES = new Set(['127.0.0.1', '::1', 'localhost'])

/** One connection that a client wants to have made (`ssh -L`). */
export interface ForwardRequest {
  accept(): ServerChannel
  reject(): void
  target: TcpipRequestInfo
}

/** Connects a client to a port of the sandbox's loopback and passes bytes both ways, or rejects. Resolves at its end and never rejects itself. */
export async function forwardPort(context: ChannelContext, request: ForwardRequest): Promise<void> {
  const { access, login, gone, logger, refusal } = context
  const { destIP, destPort } = request.target
  if (!OWN_NAMES.has(destIP) || refusal !== undefined) return request.reject()
  const stop = new AbortController()
  const signal = AbortSignal.any([gone, stop.signal])
  try {
    using sandbox = await access.open(login.id, { signal: gone, onStop: (cause) => stop.abort(new Error(cause)) })
    const server = await sandbox.connect(destPort)
    if (server === undefined) return request.reject()
    await join(context, request, server, signal)
  } catch (error) {
    request.reject() // does nothing once it is accepted
    const { code, status } = DrowseError.from(error)
    if (!signal.aborted && status >= 500)
      logger.warn({ sandboxId: login.id, code, err: error }, 'ssh: a forward failed')
  }
}

async function join(
  context: ChannelContext,
  request: ForwardRequest,
  server: Duplex,
  signal: AbortSignal,
): Promise<void> {
  const closed = new AbortController()
  const untilClosed = AbortSignal.any([signal, closed.signal])
  const lost = new AbortController()
  server.on('error', () => server.destroy())
  server.once('close', () => lost.abort(new Error('The server went away')))
  untilClosed.addEventListener('abort', () => server.destroy())
  if (untilClosed.aborted) return void server.destroy()
  const channel = request.accept()
  channel.once('close', () => closed.abort(new Error('The client closed the channel')))
  try {
    const writer = new ChannelWriter(channel, context.socket)
    if (!writer.isUsable) return
    await Promise.all([
      toServer(channel, server, AbortSignal.any([untilClosed, lost.signal])),
      toClient(server, channel, writer, untilClosed),
    ])
  } finally {
    server.destroy()
    channel.destroy()
  }
}

async function toServer(channel: ServerChannel, server: Duplex, signal: AbortSignal): Promise<void> {
  try {
    const chunks = channelChunks(channel)
    for (;;) {
      const next = await raceEnd(chunks.next(), signal)
      if (next === undefined) return
      if (next.done === true) break
      if (!server.write(next.value)) await once(server, 'drain', { signal })
    }
    server.end()
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

async function toClient(
  server: Duplex,
  channel: ServerChannel,
  writer: ChannelWriter,
  signal: AbortSignal,
): Promise<void> {
  // Its end is not the end of what the client has to say.
  const chunks: AsyncIterable<Buffer> = server.iterator({ destroyOnReturn: false })
  for await (const chunk of chunks) await writer.write(chunk, signal)
  channel.eof()
}

/** `undefined` when `signal` aborts first. */
async function raceEnd<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return undefined
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>()
  const onAbort = (): void => resolve(undefined)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return await Promise.race([promise, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
