/** Version of the guest daemon's behaviour as clients gate on it; they refuse features below 0.6.4 (wire.md §0). */
export const ENVD_VERSION = '0.6.13'

/** Port of the guest daemon inside every sandbox. */
export const ENVD_PORT = 49983

/** The daemon's path by which the gateway reaches ports that are open on the guest's loopback only; not for the outside. Its query is `port`. */
export const TUNNEL_PATH = '/tunnel'

/** Value of the Upgrade header that a tunnel is asked for with; after the 101 the connection is the port's. */
export const TUNNEL_PROTOCOL = 'drowse-tunnel'

/** Header of the daemon's `Start` by which a reader is waited for however long it takes nothing, in place of being dropped after a minute. */
export const HOLD_OUTPUT_HEADER = 'Drowse-Hold-Output'

/**
 * Body of the daemon's `POST /init`, sent by the node after every create, wake and clone.
 * A call must carry `X-Access-Token` equal to the token set before, if one was set.
 */
export interface EnvdInit {
  /** Wall clock, RFC 3339. */
  timestamp: string
  /** Token that later calls must carry; omitted leaves the sandbox open. Stable for the sandbox's life. */
  accessToken?: string
  /** Environment of every process, beneath a request's own. */
  envVars: Record<string, string>
  /** User of calls that name none. Default `user`. */
  defaultUser?: string
  /** Directory of calls that name none. Default the user's home. */
  defaultWorkdir?: string
  /** Written to /etc/hostname and /etc/hosts, and set as the host name where the guest allows it. */
  hostname: string
  /** Servers for /etc/resolv.conf. */
  nameservers: string[]
  /** PEM of an authority that programs are to trust beside the system's, for names whose requests get headers; omitted for none. */
  egressAuthority?: string
  /** Says something new to a guest that runs on: streams stay open. */
  isUpdate?: boolean
  /** `fresh` gives a new machine-id and forgets inherited processes' subscribers: the boot is a copy of a warm image. */
  identity: 'fresh' | 'kept'
}

/**
 * Body of the daemon's `POST /start`, sent by the node until it is answered 204: runs what a template starts its sandboxes with, once a boot,
 * and answers 503 as long as that is not ready. A copy of a memory image has had its boot.
 */
export interface EnvdStart {
  /** Program, by path or by name in PATH, and its arguments. It runs as long as the sandbox does, and again a moment after it failed. */
  cmd: string
  args: string[]
  /** Who it runs as. Default `root`. */
  user?: string | undefined
  /** How to see that it is ready. Ready at once when absent. */
  ready?: EnvdReady | undefined
}

/** A condition inside the sandbox: a request to 127.0.0.1 is answered 2xx, or a program ends with status 0. */
export type EnvdReady = { port: number; path: string } | { cmd: string; args: string[] }
