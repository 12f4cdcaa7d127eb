import { callDaemon, type DaemonEndpoint } from '../daemon-client.ts'

/** What the guest runs before its image is taken: what clients run first, so that its files and the daemon's code are in memory. */
const COMMANDS = [
  ['/bin/bash', '-l', '-c', 'true'],
  ['/bin/bash', '-l', '-c', 'echo warm | cat'],
] as const

/** Longest time, in ms, for one command. */
const COMMAND_TIMEOUT_MS = 10_000

/** Runs a few commands through a daemon. One that knows no processes, or a guest without bash, is left as it is. */
export async function exerciseDaemon(endpoint: DaemonEndpoint): Promise<void> {
  for (const [cmd, ...args] of COMMANDS) {
    try {
      await callDaemon(endpoint, {
        method: 'POST',
        path: '/process.Process/Start',
        headers: {
          'content-type': 'application/connect+json',
          'connect-protocol-version': '1',
          authorization: `Basic ${Buffer.from('user:').toString('base64')}`,
        },
        body: envelope({ process: { cmd, args }, stdin: false }),
        responseTimeoutMs: COMMAND_TIMEOUT_MS,
      })
    } catch {
      // The image is only a little less warm for it.
      return
    }
  }
}

/** One message of a Connect stream: a flag byte, the length and the JSON (wire.md §3.1). */
function envelope(message: object): Buffer {
  const json = Buffer.from(JSON.stringify(message))
  const head = Buffer.alloc(5)
  head.writeUInt32BE(json.length, 1)
  return Buffer.concat([head, json])
}
