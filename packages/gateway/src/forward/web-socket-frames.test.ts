import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { closeFrame, WebSocketFrames } from './web-socket-frames.ts'

/** A frame as a server sends it. */
function frame(opcode: number, length: number, isMasked = false): Buffer {
  const mask = isMasked ? 0x80 : 0
  const head =
    length < 126
      ? Buffer.from([0x80 | opcode, mask | length])
      : length < 65_536
        ? Buffer.from([0x80 | opcode, mask | 126, length >> 8, length & 0xff])
        : Buffer.from([0x80 | opcode, mask | 127, 0, 0, 0, 0, 0, length >> 16, (length >> 8) & 0xff, length & 0xff])
  return Buffer.concat([head, Buffer.alloc(isMasked ? 4 : 0), Buffer.alloc(length, 0x88)])
}

describe('WebSocketFrames', () => {
  it('allows another frame behind each whole one and nowhere else, however the bytes are cut', () => {
    const opcodes = fc.constantFrom(0, 1, 2, 9, 10)
    const lengths = fc.oneof(fc.nat(130), fc.constantFrom(125, 126, 127, 65_535, 65_536, 70_000))
    const frames = fc.array(fc.tuple(opcodes, lengths, fc.boolean()), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(frames, fc.array(fc.nat(70_000), { maxLength: 8 }), (kinds, cuts) => {
        const parts = kinds.map(([opcode, length, isMasked]) => frame(opcode, length, isMasked))
        const all = Buffer.concat(parts)
        const ends = new Set(parts.map((_, index) => Buffer.concat(parts.slice(0, index + 1)).length).concat(0))
        const followed = new WebSocketFrames()
        let from = 0
        for (const to of [...cuts.map((cut) => cut % all.length), all.length].toSorted((a, b) => a - b)) {
          followed.follow(all.subarray(from, to))
          expect(followed.mayAppend).toBe(ends.has(to))
          from = to
        }
      }),
    )
  })

  it('allows nothing behind the frame that closes', () => {
    const followed = new WebSocketFrames()
    followed.follow(closeFrame('bye'))
    expect(followed.mayAppend).toBe(false)
  })
})
