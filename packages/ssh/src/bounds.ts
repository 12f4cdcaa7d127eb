/** What clients may take of the door. */
export interface SshBounds {
  /** Connections at once, in all. */
  maxConnections: number
  /** Connections at once that have not proved who they are. */
  maxAnonymous: number
  /** Connections at once to one sandbox. */
  maxPerSandbox: number
  /** Sessions and forwarded connections at once on one connection. */
  maxChannels: number
  /** Failed attempts of one connection to prove who it is, as sshd's MaxAuthTries. */
  maxAuthTries: number
  /** Time, in ms, from a connection's begin until its client has proved who it is, as sshd's LoginGraceTime. */
  loginGraceMs: number
}

/** Bounds of a real door. */
export const SSH_BOUNDS: SshBounds = {
  maxConnections: 512,
  maxAnonymous: 100,
  maxPerSandbox: 32,
  maxChannels: 64,
  maxAuthTries: 6,
  loginGraceMs: 30_000,
}

/** Bytes that may wait on a connection for its client to read, or on a channel for the sandbox to take, before it is cut: no client that
 * keeps to the protocol's windows comes near. */
export const MAX_WAITING_BYTES = 8 * 1024 * 1024
/** Smallest packets, in bytes, that a client may ask for. Smaller ones cost more than they carry, and of none is never enough. */
export const MIN_PACKET_BYTES = 512
/** Channels that may be opened and closed without ever being used, over a connection's life: the library keeps a trace of each. */
export const MAX_UNUSED_SESSIONS = 100
