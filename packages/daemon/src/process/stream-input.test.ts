import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stream, unary } from '../testing/rpc-call.ts'
import { startTestGuest, type TestGuest } from '../testing/test-guest.ts'

let guest: TestGuest
beforeAll(async () => {
  guest = await startTestGuest()
})
afterAll(() => guest[Symbol.asyncDispose]())

/** Opens a client stream; `answer` is all that came back, envelopes included. */
function open(headers: Record<string, string> = {}) {
  const call = request(`${guest.url}/process.Process/StreamInput`, {
    method: 'POST',
    agent: false,
    headers: { 'Content-Type': 'application/connect+json', ...headers },
  })
  call.flushHeaders()
  const answer = new Promise<string>((resolve, reject) => {
    call.on('error', reject)
    call.on('response', (response) => void text(response).then(resolve, reject))
  })
  answer.catch(() => undefined)
  const send = (message: object): void => {
    const body = Buffer.from(JSON.stringify(message))
    const head = Buffer.alloc(5)
    head.writeUInt32BE(body.length, 1)
    call.write(Buffer.concat([head, body]))
  }
  return { call, answer, send }
}

const stdin = (bytes: string) => ({ data: { input: { stdin: Buffer.from(bytes).toString('base64') } } })

describe('process.Process/StreamInput', () => {
  it('writes what comes while the stream is open, and answers at its end', async () => {
    const events = stream(guest.url, 'process.Process/Start', { process: { cmd: 'cat' }, tag: 'fed' })
    await events.next()
    const { call, answer, send } = open()
    send({ start: { process: { tag: 'fed' } } })
    for (const bytes of ['one', 'two']) {
      send(stdin(bytes))
      send({ keepalive: {} })
      expect((await events.next()).value).toEqual({
        event: { data: { stdout: Buffer.from(bytes).toString('base64') } },
      })
    }
    call.end()
    expect(await answer).toBe('\0\0\0\0\x02{}\x02\0\0\0\x02{}')
    await unary(guest.url, 'process.Process/CloseStdin', { process: { tag: 'fed' } })
    await events.next()
  })

  it('refuses input for nobody, for an unknown process and for one that has ended', async () => {
    const first = open()
    first.send(stdin('x'))
    expect(await first.answer).toContain('"invalid_argument"')
    const second = open()
    second.send({ start: { process: { pid: 1 } } })
    expect(await second.answer).toContain('"not_found"')
    const events = stream(guest.url, 'process.Process/Start', { process: { cmd: 'cat' }, tag: 'short' })
    await events.next()
    const third = open()
    third.send({ start: { process: { tag: 'short' } } })
    await unary(guest.url, 'process.Process/SendSignal', { process: { tag: 'short' }, signal: 9 })
    await events.next()
    third.send(stdin('x'))
    expect(await third.answer).toMatch(/"(internal|not_found)"/)
    for (const { call } of [first, second, third]) call.destroy()
  })

  it('ends at its time limit when nothing more comes', async () => {
    const { call, answer } = open({ 'Connect-Timeout-Ms': '300' })
    expect(await answer).toContain('"deadline_exceeded"')
    call.destroy()
  })
})
