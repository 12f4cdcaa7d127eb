import { Agent } from 'node:http'
import { createClient, type Client, type Interceptor } from '@connectrpc/connect'
import { createConnectTransport } from '@connectrpc/connect-node'
import { deadline } from '@drowse/common'
import { DrowseError, HOLD_OUTPUT_HEADER, ProcessService, type ProcessEvent } from '@drowse/protocol'
import type { OpenSandbox } from '../sandbox-access.ts'
import type { TerminalSize } from '../session/terminal-size.ts'

/** Longest time, in ms, of a call that the daemon answers at once. */
const CALL_LIMIT_MS = 10_000

/** What {@link GuestProcess.start} runs. */
export interface GuestProcessOptions {
  cmd: string
  args: string[]
  envs: Record<string, string>
  /** `undefined` for pipes. */
  terminal: TerminalSize | undefined
  /** Who runs it; `undefined` for the sandbox's default user. */
  user: string | undefined
}

/** A process in a sandbox, run by the same calls of the daemon that clients make. */
export class GuestProcess {
  readonly pid: number
  /** Output and the end, as they come. What is not taken holds the process back. */
  readonly events: AsyncIterator<ProcessEvent>
  readonly #client: Client<typeof ProcessService>
  readonly #root: Client<typeof ProcessService>
  readonly #isOnTerminal: boolean

  private constructor(parts: {
    pid: number
    events: AsyncIterator<ProcessEvent>
    client: Client<typeof ProcessService>
    root: Client<typeof ProcessService>
    isOnTerminal: boolean
  }) {
    this.pid = parts.pid
    this.events = parts.events
    this.#client = parts.client
    this.#root = parts.root
    this.#isOnTerminal = parts.isOnTerminal
  }

  /** Starts a process; `signal` ends the stream of its events, not the process. Rejects with what the daemon says. */
  static async start(sandbox: OpenSandbox, options: GuestProcessOptions, signal: AbortSignal): Promise<GuestProcess> {
    const { cmd, args, envs, terminal, user } = options
    const client = clientOf(sandbox, user)
    const stream = client.start(
      { process: { cmd, args, envs }, stdin: true, ...(terminal === undefined ? {} : { pty: { size: terminal } }) },
      { signal, headers: { [HOLD_OUTPUT_HEADER]: 'true' } },
    )
    const events = eventsOf(stream)
    const first = await events.next()
    const started = first.done === true ? undefined : first.value.event
    if (started?.case !== 'start')
      throw new DrowseError('internal', 'Cannot start process: the daemon did not say that it runs')
    const { pid } = started.value
    return new GuestProcess({
      pid,
      events,
      client,
      root: clientOf(sandbox, 'root'),
      isOnTerminal: terminal !== undefined,
    })
  }

  /** Passes input on, each piece once the process has taken the one before, until `input` ends, which ends the process's own. */
  async feed(input: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<void> {
    await this.#client.streamInput(this.#messages(input), { signal })
    // A terminal has no end of input: what a person types for it, Ctrl+D, comes as any other key.
    if (!this.#isOnTerminal) await this.#client.closeStdin({ process: this.#selector }, { signal })
  }

  /** Sizes the terminal. */
  async resize(size: TerminalSize): Promise<void> {
    await this.#client.update({ process: this.#selector, pty: { size } }, { signal: callLimit('size the terminal') })
  }

  /** Signals the process and its group. `name` is without "SIG". The daemon's own call knows two signals, so the guest's shell sends it. */
  async signal(name: string): Promise<void> {
    const script = 'kill -s "$1" -- "-$2" 2>/dev/null || kill -s "$1" "$2"'
    const process = { cmd: '/bin/sh', args: ['-c', script, 'sh', name, String(this.pid)] }
    const stream = this.#root.start({ process, stdin: false }, { signal: callLimit(`signal process "${this.pid}"`) })
    for await (const _ of stream) {
      // until it has ended
    }
  }

  get #selector() {
    return { selector: { case: 'pid' as const, value: this.pid } }
  }

  async *#messages(input: AsyncIterable<Uint8Array>) {
    yield { event: { case: 'start' as const, value: { process: this.#selector } } }
    const kind = this.#isOnTerminal ? ('pty' as const) : ('stdin' as const)
    for await (const data of input) {
      // Node's buffers are never shared memory, which the message type excludes.
      const value = data as Uint8Array<ArrayBuffer>
      yield { event: { case: 'data' as const, value: { input: { input: { case: kind, value } } } } }
    }
  }
}

async function* eventsOf(stream: AsyncIterable<{ event?: ProcessEvent | undefined }>): AsyncGenerator<ProcessEvent> {
  for await (const { event } of stream) if (event !== undefined) yield event
}

function clientOf({ daemon, accessToken }: OpenSandbox, user: string | undefined): Client<typeof ProcessService> {
  const identify: Interceptor = (next) => async (request) => {
    if (accessToken !== undefined) request.header.set('X-Access-Token', accessToken)
    if (user !== undefined) request.header.set('Authorization', `Basic ${Buffer.from(`${user}:`).toString('base64')}`)
    return await next(request)
  }
  const transport = createConnectTransport({
    httpVersion: '1.1',
    baseUrl: `http://${daemon.host}:${daemon.port}`,
    useBinaryFormat: true,
    interceptors: [identify],
    // A connection a call: one that is kept would be dead after a pause.
    nodeOptions: { agent: new Agent({ keepAlive: false }) },
  })
  return createClient(ProcessService, transport)
}

function callLimit(what: string): AbortSignal {
  return deadline(CALL_LIMIT_MS, what)
}
