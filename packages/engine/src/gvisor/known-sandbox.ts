/** Where a live sandbox is reached, and what it does. */
export interface KnownSandbox {
  status: 'running' | 'frozen'
  /** The control socket. */
  socketPath: string
  /** The bundle's folder. */
  bundle: string
  /** Process of its Sentry. */
  pid: number
}

/**
 * What this process knows of sandboxes because it brought them there itself: asking a Sentry takes it 4 ms and more.
 *
 * Written only by who holds the sandbox's turn, after the Sentry's answer, and forgotten before a call that changes it. So a call that
 * fails, or is cut, leaves nothing here, and neither does the end of this process: then the Sentry is asked.
 */
export type KnownSandboxes = Map<string, KnownSandbox>
