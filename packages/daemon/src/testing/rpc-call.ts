/** The answer to a unary call, as it came. */
export interface UnaryAnswer {
  status: number
  body: Record<string, unknown>
}

/** Calls a unary method with plain JSON. */
export async function unary(
  url: string,
  method: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<UnaryAnswer> {
  const response = await fetch(`${url}/${method}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

/** Calls a server-streaming method and gives each message's JSON; the last is the end-of-stream message. */
export async function* stream(
  url: string,
  method: string,
  body: unknown,
  options: { headers?: Record<string, string>; signal?: AbortSignal } = {},
): AsyncGenerator<Record<string, unknown>> {
  const message = Buffer.from(JSON.stringify(body))
  const head = Buffer.alloc(5)
  head.writeUInt32BE(message.length, 1)
  const response = await fetch(`${url}/${method}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/connect+json', ...options.headers },
    body: Buffer.concat([head, message]),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  if (response.body === null) throw new Error('the answer has no body')
  let rest = Buffer.alloc(0)
  for await (const chunk of response.body) {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const end = 5 + rest.readUInt32BE(1)
      yield JSON.parse(rest.subarray(5, end).toString('utf8')) as Record<string, unknown>
      rest = rest.subarray(end)
    }
  }
}

/** Reads a stream to its end. */
export async function collect<T>(messages: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const message of messages) all.push(message)
  return all
}

/** The Basic header by which clients name a user. */
export function asUserHeader(name: string): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(`${name}:`).toString('base64')}` }
}
