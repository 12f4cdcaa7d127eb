/** Opcode of the frame that ends a WebSocket. */
const CLOSE = 0x8
/** Close code "service restart": who is told may connect again (IANA's registry of close codes). 1001 would pass for a good end with some clients. */
const SERVICE_RESTART = 1012
/** Lengths that mean that the length itself follows, in 2 or 8 bytes. */
const LENGTH_IN_2 = 126
const LENGTH_IN_8 = 127

/** Follows the frames that one end of a WebSocket sends (RFC 6455 §5.2), to know whether a further one may be put behind them. */
export class WebSocketFrames {
  /** Bytes of a frame's head that is not whole. */
  #head: number[] = []
  /** Bytes to come of a frame's content. */
  #rest = 0
  #isClosed = false

  /** Takes note of bytes that were sent. */
  follow(bytes: Buffer): void {
    for (let at = 0; at < bytes.length;) {
      if (this.#rest > 0) {
        const taken = Math.min(this.#rest, bytes.length - at)
        this.#rest -= taken
        at += taken
        continue
      }
      this.#head.push(bytes[at++] ?? 0)
      const length = contentLength(this.#head)
      if (length === undefined) continue
      if (((this.#head[0] ?? 0) & 0x0f) === CLOSE) this.#isClosed = true
      this.#rest = length
      this.#head = []
    }
  }

  /** Whether the last frame is whole and does not close the WebSocket. */
  get mayAppend(): boolean {
    return this.#rest === 0 && this.#head.length === 0 && !this.#isClosed
  }
}

/** The frame by which a server closes a WebSocket that may be opened again. `reason` takes at most 123 bytes. */
export function closeFrame(reason: string): Buffer {
  const text = Buffer.from(reason)
  const head = Buffer.from([0x80 | CLOSE, 2 + text.length, 0, 0])
  head.writeUInt16BE(SERVICE_RESTART, 2)
  return Buffer.concat([head, text])
}

/** Bytes of content that follow a frame's head, its mask included; `undefined` while the head is not whole. */
function contentLength(head: readonly number[]): number | undefined {
  const [, second] = head
  if (second === undefined) return undefined
  const short = second & 0x7f
  const lengthBytes = short === LENGTH_IN_8 ? 8 : short === LENGTH_IN_2 ? 2 : 0
  if (head.length < 2 + lengthBytes) return undefined
  const length = lengthBytes === 0 ? short : head.slice(2).reduce((sum, byte) => sum * 256 + byte, 0)
  const isMasked = (second & 0x80) !== 0
  return length + (isMasked ? 4 : 0)
}
