import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { ChurnTarget } from './churn.ts'
import type { GatewayUse } from './gateway-use.ts'

/** A gateway and the server behind it, each a process of its own; both end when it is disposed. */
export class Pair implements AsyncDisposable {
  readonly upstreamPort: number
  readonly target: ChurnTarget
  readonly #children: ChildProcess[]
  readonly #gateway: ChildProcess

  private constructor(children: [ChildProcess, ChildProcess], upstreamPort: number, target: ChurnTarget) {
    this.#children = children
    this.#gateway = children[1]
    this.upstreamPort = upstreamPort
    this.target = target
  }

  /** Starts both, and resolves when they listen. */
  static async start(): Promise<Pair> {
    const children: ChildProcess[] = []
    try {
      const upstream = start('serve-upstream.ts')
      children.push(upstream)
      const { port: upstreamPort } = await messageOf<{ port: number }>(upstream)
      const gateway = start('serve-gateway.ts', String(upstreamPort))
      children.push(gateway)
      const { port: httpPort, httpsPort } = await messageOf<{ port: number; httpsPort: number }>(gateway)
      return new Pair([upstream, gateway], upstreamPort, { httpPort, httpsPort })
    } catch (error) {
      for (const child of children) child.kill()
      throw error
    }
  }

  /** What the gateway's process takes. */
  async use(): Promise<GatewayUse> {
    this.#gateway.send('use')
    return messageOf<GatewayUse>(this.#gateway)
  }

  /** Lets {@link GatewayUse.peakRssBytes} begin anew. */
  resetPeak(): void {
    this.#gateway.send('reset peak')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'exit')
      child.kill()
      await ended
    }
  }
}

function start(program: string, ...args: string[]): ChildProcess {
  return fork(join(import.meta.dirname, program), args, { execArgv: ['--conditions=source', '--expose-gc'] })
}

/** The next message of a program. Rejects when it ends without one. */
async function messageOf<T>(child: ChildProcess): Promise<T> {
  const over = new AbortController()
  const onExit = (): void => over.abort(new Error('a program of the benchmark has ended'))
  child.once('exit', onExit)
  try {
    const [message] = (await once(child, 'message', { signal: over.signal })) as [T]
    return message
  } finally {
    child.off('exit', onExit)
  }
}
