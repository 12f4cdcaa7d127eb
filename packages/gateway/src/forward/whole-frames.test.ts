import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { WholeFrames } from './whole-frames.ts'

function frame(flags: number, body: Buffer | string): Buffer {
  const bytes = Buffer.from(body)
  const prefix = Buffer.alloc(5)
  prefix[0] = flags
  prefix.writeUInt32BE(bytes.length, 1)
  return Buffer.concat([prefix, bytes])
}

/** Writes `chunks`, ends as told, and gives all that came out. */
async function through(frames: WholeFrames, chunks: readonly Buffer[], end: 'end' | 'cut'): Promise<Buffer> {
  for (const chunk of chunks) frames.write(chunk)
  frames[end]()
  return Buffer.concat((await frames.toArray()) as Buffer[])
}

function split(bytes: Buffer, at: readonly number[]): Buffer[] {
  const borders = [0, ...at.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  return borders.slice(1).map((border, index) => bytes.subarray(borders[index], border))
}

describe('WholeFrames', () => {
  it('passes whole messages at once and the start of the next with its rest', async () => {
    const frames = new WholeFrames()
    const [first, second] = [frame(0, 'one'), frame(0, 'two')]
    frames.write(Buffer.concat([first, second.subarray(0, 6)]))
    expect(frames.read()).toEqual(first)
    expect(frames.read()).toBeNull()
    frames.write(second.subarray(6))
    expect(frames.read()).toEqual(second)
    expect(frames.mayAppend).toBe(true)
  })

  it('changes no stream that ends by itself, however it is split, whole or not', async () => {
    const messages = fc.array(fc.tuple(fc.constantFrom(0, 1), fc.uint8Array({ maxLength: 50 })), { maxLength: 10 })
    const places = fc.array(fc.nat(), { maxLength: 10 })
    await fc.assert(
      fc.asyncProperty(messages, places, fc.uint8Array({ maxLength: 20 }), async (list, at, rest) => {
        const bytes = Buffer.concat([...list.map(([flags, body]) => frame(flags, Buffer.from(body))), rest])
        expect(await through(new WholeFrames(), split(bytes, at), 'end')).toEqual(bytes)
      }),
    )
  })

  it('ends behind the last whole message when it is cut', async () => {
    const bytes = Buffer.concat([frame(0, 'one'), frame(0, ''), frame(0, 'three')])
    for (let length = 0; length <= bytes.length; length++) {
      const frames = new WholeFrames()
      const out = await through(frames, [bytes.subarray(0, length)], 'cut')
      expect(out.length).toBe(length < 8 ? 0 : length < 13 ? 8 : length < bytes.length ? 13 : length)
      expect(frames.mayAppend).toBe(true)
    }
  })

  it('allows nothing behind the message that ends a stream', async () => {
    const frames = new WholeFrames()
    await through(frames, [frame(0, 'one'), frame(2, '{}')], 'cut')
    expect(frames.mayAppend).toBe(false)
  })

  it('passes a message of more than 256 KiB in parts, and allows nothing in the middle of it', async () => {
    const long = frame(0, Buffer.alloc(300_000, 'x'))
    const frames = new WholeFrames()
    frames.write(long.subarray(0, 1_000))
    expect((frames.read() as Buffer).length).toBe(1_000)
    expect(frames.mayAppend).toBe(false)
    frames.write(Buffer.concat([long.subarray(1_000), frame(0, 'next'), frame(0, 'part').subarray(0, 7)]))
    expect((frames.read() as Buffer).length).toBe(300_005 - 1_000 + 9)
    expect(frames.mayAppend).toBe(true)
  })
})
