import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import { SystemRandom } from './system-random.ts'

/**
 * Makes random numbers differ from those of the process that this one is a copy of. Node's functions draw from OpenSSL's generator and from
 * caches, whose state was copied and which nothing can seed anew, so the functions themselves are replaced by ones that ask the operating
 * system; `Math.random` gets another sequence. Keys, TLS and functions that a cell took hold of before the copy keep the copied state.
 */
export function reseed(): void {
  const random = new SystemRandom()
  replaceCrypto(random)
  replaceMath(random)
}

type Done<T> = (error: Error | null, value: T) => void

function replaceCrypto(random: SystemRandom): void {
  const answer = <T>(value: T, done: Done<T> | undefined): T | undefined => {
    if (done === undefined) return value
    setImmediate(done, null, value)
    return undefined
  }
  const getRandomValues = <T extends ArrayBufferView>(target: T): T => {
    random.fillBytes(new Uint8Array(target.buffer, target.byteOffset, target.byteLength))
    return target
  }
  const randomUUID = (): string => {
    const bytes = random.bytes(16)
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
    return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
  }
  Object.assign(crypto, {
    randomUUID,
    randomBytes: (length: number, done?: Done<Buffer>) => answer(random.bytes(length), done),
    randomInt: (from: number, to?: number | Done<number>, done?: Done<number>) => {
      const [low, high] = typeof to === 'number' ? [from, to] : [0, from]
      return answer(intBetween(low, high, random), typeof to === 'function' ? to : done)
    },
  })
  // `getRandomValues` of node:crypto looks here too.
  Object.assign(globalThis.crypto, { randomUUID, getRandomValues })
  syncBuiltinESMExports()
}

/** A whole number of `[low, high)`, each as likely as the others. */
function intBetween(low: number, high: number, random: SystemRandom): number {
  const range = high - low
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || range <= 0 || range >= 2 ** 48) {
    throw new RangeError(`Cannot take a random number from ${low} to ${high}`)
  }
  const limit = 2 ** 48 - (2 ** 48 % range)
  for (;;) {
    const value = random.bytes(6).readUIntBE(0, 6)
    if (value < limit) return low + (value % range)
  }
}

/** The small fast counting generator (sfc32), seeded by the operating system: about as quick as V8's own, which has no seed to set. */
function replaceMath(random: SystemRandom): void {
  const seed = random.bytes(16)
  let [a, b, c, counter] = [seed.readInt32LE(0), seed.readInt32LE(4), seed.readInt32LE(8), seed.readInt32LE(12)]
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  Math.random = function random(): number {
    return ((next() >>> 5) * 0x4000000 + (next() >>> 6)) / 2 ** 53
  }
}
