import type { SecureServerOptions } from 'node:http2'
import { MAX_HEADER_BYTES } from '../bounds.ts'

/** Requests that one connection may have open at once; above it they are refused, and clients wait by themselves. */
const MAX_STREAMS = 256
/** Bytes of a request's body that may come in before the sandbox's server takes them. Also what bounds an upload's speed over a long way. */
const WINDOW_BYTES = 256 * 1024
/**
 * Most bytes of one header block that Node reads, each field with 32 besides its own (RFC 9113 §6.5.2). Above it Node resets the stream without a word, so it is twice what a
 * request may have: between the two the door can answer why not.
 */
const MAX_READ_BYTES = 2 * MAX_HEADER_BYTES
/** Most fields of one header block that Node reads. */
const MAX_HEADERS = MAX_READ_BYTES / 32

/** What one HTTP/2 connection may cost. nghttp2 and Node close a connection, or refuse a stream, that goes beyond. */
export const SESSION_OPTIONS: SecureServerOptions & { strictSingleValueFields: boolean } = {
  settings: {
    maxConcurrentStreams: MAX_STREAMS,
    maxHeaderListSize: MAX_READ_BYTES,
    initialWindowSize: WINDOW_BYTES,
    // WebSockets get a connection of HTTP/1.1.
    enableConnectProtocol: false,
  },
  maxHeaderListPairs: MAX_HEADERS,
  // Megabytes for what waits to be sent: each stream may have two chunks of 64 KiB under way.
  maxSessionMemory: 48,
  // A page that is left takes back all its requests at once; only who goes on doing so is an attack.
  streamResetBurst: 1_000,
  streamResetRate: 33,
  maxSettings: 32,
  // A server in a sandbox may send a header twice that should come once; over HTTP/1.1 it passes too.
  strictSingleValueFields: false,
}
