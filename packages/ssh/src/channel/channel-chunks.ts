import type { ServerChannel } from 'ssh2'

/** What a client sends on a channel, until it sends no more or the channel is closed. Only what is asked for is taken, so its window bounds the rest. */
export async function* channelChunks(channel: ServerChannel): AsyncGenerator<Buffer> {
  // Leaving early must not close the channel: its other direction goes on.
  const chunks: AsyncIterable<Buffer> = channel.iterator({ destroyOnReturn: false })
  try {
    yield* chunks
  } catch (error) {
    // Closed before its end: that is the end.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
}
