import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { joinPortStream } from '@drowse/common'
import { DrowseError, PORT_STREAM_CLOSE } from '@drowse/protocol'
import { callApi, findApi, type ApiAccess } from '../api-access.ts'
import type { CommandContext, GlobalOptions } from '../command-context.ts'
import { openPortStream } from '../forward/open-port-stream.ts'
import { parsePortMapping, type PortMapping } from '../forward/port-mapping.ts'

/** Connections at once to one port. */
const MAX_CONNECTIONS = 1_000

/** `drowse port-forward`: listens on 127.0.0.1 and brings each connection to a port of a sandbox, until it is interrupted. */
export async function portForward(
  command: CommandContext,
  sandbox: string,
  texts: readonly string[],
  options: GlobalOptions,
): Promise<void> {
  const mappings = texts.map(readMapping)
  const api = await findApi(command, options, 'port-forward')
  // A wrong key or id is better told at once than to the first connection. This wakes nothing.
  await callApi(api, `/sandboxes/${encodeURIComponent(sandbox)}`)
  await using stack = new AsyncDisposableStack()
  for (const mapping of mappings) stack.use(await forward(command, api, sandbox, mapping))
  command.out.line('Ctrl+C ends it.')
  if (!command.signal.aborted) await once(command.signal, 'abort')
}

function readMapping(text: string): PortMapping {
  const mapping = parsePortMapping(text)
  if (mapping !== undefined) return mapping
  throw new DrowseError('invalid_argument', `Cannot forward "${text}": it has to be <local port>:<sandbox port>`, {
    details: { hint: 'For example "5432:5432", or "0:5432" for any free local port.' },
  })
}

async function forward(
  { out, err, signal }: CommandContext,
  api: ApiAccess,
  sandbox: string,
  { localPort, port }: PortMapping,
): Promise<AsyncDisposable> {
  const sockets = new Map<Socket, Promise<void>>()
  // Nothing is read before there is somebody to read it, and either end may be closed before the other.
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    const served = serve(api, { sandbox, port }, socket, signal).catch((error: unknown) => {
      if (!signal.aborted) err.line(`port ${port}: ${DrowseError.from(error).message}`)
      socket.resetAndDestroy()
    })
    sockets.set(
      socket,
      served.finally(() => sockets.delete(socket)),
    )
  })
  server.maxConnections = MAX_CONNECTIONS
  await listen(server, localPort)
  const { port: openPort } = server.address() as AddressInfo // a TCP server's address is an AddressInfo
  out.line(`127.0.0.1:${openPort} leads to port ${port} of ${sandbox}`)
  return {
    async [Symbol.asyncDispose]() {
      server.close()
      for (const socket of sockets.keys()) socket.destroy()
      await Promise.all(sockets.values())
    },
  }
}

async function serve(
  api: ApiAccess,
  target: { sandbox: string; port: number },
  socket: Socket,
  signal: AbortSignal,
): Promise<void> {
  socket.on('error', () => socket.destroy())
  socket.setNoDelay(true)
  const carrier = await openPortStream(api, target, signal)
  const { code, reason } = await joinPortStream(carrier, socket)
  const isStopped = code === PORT_STREAM_CLOSE.paused || code === PORT_STREAM_CLOSE.killed
  if (isStopped) throw new DrowseError('unavailable', `${reason}; the connection was cut`)
}

async function listen(server: Server, localPort: number): Promise<void> {
  try {
    server.listen({ host: '127.0.0.1', port: localPort })
    await once(server, 'listening')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why = code === 'EADDRINUSE' ? 'the port is taken' : message
    throw new DrowseError('invalid_argument', `Cannot listen on 127.0.0.1 port ${localPort}: ${why}`, {
      details: { hint: `Choose another, or 0 for any: "0:<sandbox port>".` },
      cause: error,
    })
  }
}
