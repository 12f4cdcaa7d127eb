import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Log } from './log.ts'

/** Longer than any proxy in front keeps a connection idle, so that a request never meets a closing one. */
const KEEP_ALIVE_MS = 650_000

/** How to run an interpreter. */
export interface InterpreterOptions {
  host: string
  /** 0 takes a free port. */
  port: number
  log: Log
}

/** An interpreter that listens. Disposing it ends its kernels and closes every connection. */
export interface RunningInterpreter extends AsyncDisposable {
  port: number
}

/** Starts the server and resolves once it listens. */
export async function startInterpreter(options: InterpreterOptions): Promise<RunningInterpreter> {
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: KEEP_ALIVE_MS }, handle)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host: options.host, port: options.port }, resolve)
  })
  return {
    // A server that listens on TCP has an address of this type.
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function handle(request: IncomingMessage, response: ServerResponse): void {
  const isHealth = request.method === 'GET' && request.url === '/health'
  response.writeHead(isHealth ? 200 : 404, { 'content-type': 'text/plain' }).end(isHealth ? 'OK' : 'Not Found')
}
