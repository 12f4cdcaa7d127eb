import { request } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Sandbox } from 'e2b'
import { ENVD_PORT } from '@drowse/protocol'
import { api } from '../../platform/support/inspect.ts'

/** One message of a stream, as JSON. */
export type Message = Record<string, unknown>

/** The guest daemon of a sandbox, spoken to without a client: what clients cannot send or do not show. */
export interface RawGuest {
  /** A unary call with a JSON body. */
  unary(method: string, body: unknown, headers?: Record<string, string>): Promise<{ status: number; body: Message }>
  /** A server stream: its messages, the last being the end-of-stream message. */
  stream(method: string, body: unknown, options?: StreamOptions): AsyncGenerator<Message>
  /** A client stream: sends each message as it comes and gives the only answer and the end-of-stream message. */
  clientStream(method: string, messages: AsyncIterable<unknown>, options?: StreamOptions): Promise<Message[]>
  /** Any request, with the credentials of the sandbox. */
  fetch(path: string, init?: RequestInit): Promise<Response>
}

interface StreamOptions {
  headers?: Record<string, string>
  signal?: AbortSignal
}

/** Reaches the guest daemon of a sandbox through the plain http door. `port` names another than the sandbox's own. */
export async function rawGuest({ sandboxId }: Pick<Sandbox, 'sandboxId'>, port = ENVD_PORT): Promise<RawGuest> {
  const connected = await api(`/v2/sandboxes/${sandboxId}/connect`, { method: 'POST', body: {} })
  const { envdAccessToken = '' } = (await connected.json()) as { envdAccessToken?: string }
  const credentials = {
    'E2b-Sandbox-Id': sandboxId,
    'E2b-Sandbox-Port': String(port),
    'X-Access-Token': envdAccessToken,
  }
  const fetchGuest = (path: string, init: RequestInit = {}): Promise<Response> =>
    fetch(`${process.env.E2B_SANDBOX_URL}${path}`, {
      ...init,
      headers: { ...credentials, ...(init.headers as Record<string, string> | undefined) },
    })
  const openStream = (
    method: string,
    body: NonNullable<RequestInit['body']>,
    { headers, signal }: StreamOptions,
  ): Promise<Response> =>
    fetchGuest(`/${method}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/connect+json', ...headers },
      body,
      ...(signal === undefined ? {} : { signal }),
    })
  return {
    fetch: fetchGuest,
    async unary(method, body, headers = {}) {
      const response = await fetchGuest(`/${method}`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', ...headers },
        body: JSON.stringify(body),
      })
      return { status: response.status, body: (await response.json()) as Message }
    },
    async *stream(method, body, options = {}) {
      const response = await openStream(method, envelope(body), options)
      if (response.status !== 200 || response.body === null) {
        throw new Error(`a stream was answered with ${response.status}: ${await response.text()}`)
      }
      yield* unwrap(response.body)
    },
    clientStream(method, messages, { headers = {} } = {}) {
      const url = `${process.env.E2B_SANDBOX_URL}/${method}`
      return new Promise((resolve, reject) => {
        // Not fetch, which looks at an answer only once it has sent all.
        const call = request(url, {
          method: 'POST',
          headers: { ...credentials, 'Content-Type': 'application/connect+json', ...headers },
          agent: false,
        })
        call.on('error', reject)
        call.on('response', (response) => {
          collect(unwrap(response)).then(resolve, reject)
          response.on('end', () => call.destroy())
        })
        call.flushHeaders()
        pipeline(Readable.from(wrap(messages)), call).catch(reject)
      })
    },
  }
}

/** Reads a stream to its end. */
export async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const message of messages) all.push(message)
  return all
}

/** Reads the start event and gives the pid. */
export async function pidOf(events: AsyncGenerator<Message>): Promise<number> {
  const first = (await events.next()).value as { event?: { start?: { pid: number } } }
  const pid = first.event?.start?.pid
  if (pid === undefined) throw new Error(`the first message is no start event: ${JSON.stringify(first)}`)
  return pid
}

/** The bytes that a stream's data events carry, per source. */
export function outputOf(messages: readonly Message[], source: 'stdout' | 'stderr' | 'pty'): Buffer {
  return Buffer.concat(chunksOf(messages, source))
}

/** The pieces in which a stream's data events carry output. */
export function chunksOf(messages: readonly Message[], source: 'stdout' | 'stderr' | 'pty'): Buffer[] {
  return messages.flatMap((message) => {
    const { event } = message as { event?: { data?: Record<string, string> } }
    const text = event?.data?.[source]
    return text === undefined ? [] : [Buffer.from(text, 'base64')]
  })
}

/** The header that names the user of a call. */
export function asUser(name: string): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${name}:`).toString('base64')}` }
}

function envelope(message: unknown): Buffer<ArrayBuffer> {
  const body = Buffer.from(JSON.stringify(message))
  const head = Buffer.alloc(5)
  head.writeUInt32BE(body.length, 1)
  return Buffer.concat([head, body])
}

async function* wrap(messages: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const message of messages) yield envelope(message)
}

async function* unwrap(body: AsyncIterable<Uint8Array>): AsyncGenerator<Message> {
  let rest = Buffer.alloc(0)
  for await (const chunk of body) {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const end = 5 + rest.readUInt32BE(1)
      yield JSON.parse(rest.subarray(5, end).toString('utf8')) as Message
      rest = rest.subarray(end)
    }
  }
}
