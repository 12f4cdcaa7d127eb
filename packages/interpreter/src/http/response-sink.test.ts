import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { responseSink } from './response-sink.ts'

describe('responseSink()', () => {
  const stack = new AsyncDisposableStack()
  afterEach(() => void vi.useRealTimers())

  const open = async (): Promise<{ response: ServerResponse; lines: AsyncIterator<string> }> => {
    const server = createServer().listen(0, '127.0.0.1')
    stack.defer(() => void server.close())
    await once(server, 'listening')
    const requested = once(server, 'request')
    const answer = fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const [, response] = (await requested) as [unknown, ServerResponse]
    return { response, lines: linesOf(answer) }
  }

  it('says that it lives each 5 s, and says its end', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    const { response, lines } = await open()
    const sink = responseSink(response)
    sink.write({ type: 'stdout', text: 'é𝄞\n', timestamp: 1 })
    expect((await lines.next()).value).toBe(String.raw`{"type":"stdout","text":"\u00e9\ud834\udd1e\n","timestamp":1}`)
    vi.advanceTimersByTime(5_000)
    expect((await lines.next()).value).toBe('{"type":"keepalive"}')
    vi.advanceTimersByTime(5_000)
    expect((await lines.next()).value).toBe('{"type":"keepalive"}')
    sink[Symbol.dispose]()
    expect((await lines.next()).value).toBe('{"type":"end_of_execution"}')
    expect((await lines.next()).done).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
    await stack.disposeAsync()
  })
})

async function* linesOf(answer: Promise<Response>): AsyncGenerator<string> {
  let text = ''
  for await (const chunk of (await answer).body!.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const parts = text.split('\n')
    text = parts.pop() ?? ''
    yield* parts
  }
}
