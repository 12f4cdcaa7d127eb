import { randomBytes } from 'node:crypto'
import { PassThrough, Readable } from 'node:stream'
import { setImmediate as tick } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { BATCH_BYTES, batches } from './batches.ts'

/** Pieces with memory of their own, as the batches give it back. */
function piecesOf(bytes: Buffer, size: number): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; at += size) {
    const part = bytes.subarray(at, at + size)
    const piece = Buffer.allocUnsafeSlow(part.length)
    part.copy(piece)
    pieces.push(piece)
  }
  return pieces
}

async function gather(source: Readable, betweenTicks = 0): Promise<{ all: Buffer; sizes: number[] }> {
  const gathered: Buffer[] = []
  for await (const batch of batches(source)) {
    for (let turn = 0; turn < betweenTicks; turn++) await tick()
    gathered.push(Buffer.from(batch))
  }
  return { all: Buffer.concat(gathered), sizes: gathered.map((batch) => batch.length) }
}

describe('batches()', () => {
  it.each([
    [0, 1],
    [1, 1],
    [BATCH_BYTES - 1, 65_536],
    [BATCH_BYTES, 65_536],
    [BATCH_BYTES + 1, 65_536],
    [3 * BATCH_BYTES + 7, 50_001],
    [3 * BATCH_BYTES, 3 * BATCH_BYTES],
    [5 * BATCH_BYTES + 1, 2 * BATCH_BYTES + 3],
  ])('gives %i bytes that come in pieces of %i, all but the last one whole', async (length, size) => {
    const bytes = randomBytes(length)
    for (const turns of [0, 5]) {
      const { all, sizes } = await gather(Readable.from(piecesOf(bytes, size), { objectMode: false }), turns)
      expect(all.equals(bytes)).toBe(true)
      expect(sizes.slice(0, -1).every((each) => each === BATCH_BYTES)).toBe(true)
    }
  })

  it('gives memory back, and leaves parts of something larger alone', async () => {
    const larger = randomBytes(256 * 1024)
    const own = Buffer.allocUnsafeSlow(64 * 1024).fill(1)
    await gather(Readable.from([larger.subarray(0, 64 * 1024), own], { objectMode: false }))
    expect([own.length, larger.length]).toEqual([0, 256 * 1024])
  })

  it('takes no more than the next one while the caller works', async () => {
    const source = new PassThrough({ highWaterMark: 64 * 1024 })
    const content = batches(source)
    const first = content.next()
    let written = 0
    for (let idle = 0; idle < 100; idle++) {
      while (!source.writableNeedDrain && written < 16 * BATCH_BYTES) {
        source.write(Buffer.alloc(64 * 1024))
        written += 64 * 1024
      }
      await tick()
    }
    await first
    expect(written).toBeLessThan(4 * BATCH_BYTES)
    await content.return()
    source.destroy()
  })

  it.each([
    ['fails', new Error('broken'), 'broken'],
    ['is cut off', undefined, 'Premature close'],
  ])('rejects when the stream %s, and does not destroy one that is fine', async (_, error, message) => {
    const source = new PassThrough()
    source.write(Buffer.alloc(10))
    const gathering = gather(source)
    setImmediate(() => source.destroy(error))
    await expect(gathering).rejects.toThrow(message)
    const fine = new PassThrough()
    fine.write(Buffer.alloc(2 * BATCH_BYTES))
    const content = batches(fine)
    await content.next()
    await content.return()
    expect(fine.destroyed).toBe(false)
  })
})
