/**
 * A TCP connection to a port of a sandbox, carried by a WebSocket (`GET /sandboxes/<id>/tcp/<port>` with the API key): binary messages are
 * its bytes, this text message the end of the sender's. When both have ended it is closed with 1000; any other close is a loss.
 */
export const PORT_STREAM_END = 'end'

/** Largest message of a port stream, in bytes. */
export const PORT_STREAM_MAX_MESSAGE = 1024 * 1024

/** Codes that a port stream is closed with, besides 1000. */
export const PORT_STREAM_CLOSE = {
  /** The connection on the sender's side was lost. */
  lost: 4000,
  /** The sandbox was paused. */
  paused: 4001,
  /** The sandbox was killed. */
  killed: 4002,
} as const

/** Path of the stream to a port of a sandbox. */
export function portStreamPath(sandboxId: string, port: number): string {
  return `/sandboxes/${encodeURIComponent(sandboxId)}/tcp/${port}`
}

/** The sandbox and port that a path names, unchecked; `undefined` for the path of something else. */
export function parsePortStreamPath(url: string): { sandboxId: string; port: string } | undefined {
  const [, sandboxId, port] = /^\/sandboxes\/([^/?#]+)\/tcp\/([^/?#]+)(?:[?#]|$)/.exec(url) ?? []
  return sandboxId === undefined || port === undefined ? undefined : { sandboxId, port }
}
