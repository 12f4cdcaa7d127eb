import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { Writable } from 'node:stream'
import { raceSignal } from '@drowse/common'
import type { ServerChannel } from 'ssh2'
import { MIN_PACKET_BYTES } from '../bounds.ts'

/** Parts of the library's channel that its types leave out. */
interface ChannelParts {
  outgoing: { packetSize: number }
  _chunk: unknown
  _chunkcb: unknown
  _chunkErr: unknown
  _chunkcbErr: unknown
}

/** Writes to a client's channel at the pace at which the client takes it. One write at a time. */
export class ChannelWriter {
  readonly #channel: ServerChannel
  readonly #socket: Socket

  constructor(channel: ServerChannel, socket: Socket) {
    this.#channel = channel
    this.#socket = socket
    for (const stream of [channel, channel.stderr]) stream.on('error', () => channel.close())
  }

  /** Whether the client asked for packets that a channel can be served in. With packets of no bytes the library would never be done. */
  get isUsable(): boolean {
    return partsOf(this.#channel).outgoing.packetSize >= MIN_PACKET_BYTES
  }

  /** Resolves when the client's window and connection have taken all of it. Rejects when `signal` aborts: a closed channel says nothing. */
  async write(data: Uint8Array, signal: AbortSignal, stream: Writable = this.#channel): Promise<void> {
    await raceSignal(
      new Promise<void>((resolve, reject) => {
        stream.write(data, (error) => (error ? reject(error) : resolve()))
      }),
      signal,
    )
    // The library keeps what last had to wait for the window, and takes it up once more when the other stream has to wait.
    const nothing = { _chunk: undefined, _chunkcb: undefined, _chunkErr: undefined, _chunkcbErr: undefined }
    Object.assign(partsOf(this.#channel), nothing)
    if (this.#socket.writableNeedDrain) await once(this.#socket, 'drain', { signal })
  }

  /** As {@link write}, to standard error. */
  async writeError(data: Uint8Array, signal: AbortSignal): Promise<void> {
    await this.write(data, signal, this.#channel.stderr)
  }
}

function partsOf(channel: ServerChannel): ChannelParts {
  return channel as unknown as ChannelParts // true of the pinned version, and tested
}
