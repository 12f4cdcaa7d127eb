import type { Sandbox } from 'e2b'

/** How a program in a sandbox ended. */
export interface Ended {
  exitCode: number
  output: string
}

/**
 * Runs a program by a raw call of the process service and waits for its end. The clients run everything by bash, which an image may lack.
 * Output is standard output and error together.
 */
export async function startProgram(sandbox: Sandbox, cmd: string, args: readonly string[]): Promise<Ended> {
  const response = await fetch(`${process.env.E2B_SANDBOX_URL}/process.Process/Start`, {
    method: 'POST',
    headers: {
      'content-type': 'application/connect+json',
      'connect-protocol-version': '1',
      'E2b-Sandbox-Id': sandbox.sandboxId,
      'E2b-Sandbox-Port': '49983',
      'X-Access-Token': (sandbox as unknown as { envdAccessToken: string }).envdAccessToken, // protected in its types
    },
    body: envelope({ process: { cmd, args }, stdin: false }),
  })
  let exitCode = Number.NaN
  let output = ''
  for (const message of messages(Buffer.from(await response.arrayBuffer()))) {
    if (message.error !== undefined) throw new Error(message.error.message)
    const { data, end } = message.event ?? {}
    output += Buffer.from(data?.stdout ?? data?.stderr ?? '', 'base64').toString()
    if (end !== undefined) exitCode = end.exitCode ?? 0
  }
  return { exitCode, output }
}

interface Message {
  event?: { data?: { stdout?: string; stderr?: string }; end?: { exitCode?: number } }
  error?: { message: string }
}

function envelope(message: object): Buffer<ArrayBuffer> {
  const json = Buffer.from(JSON.stringify(message))
  const all = Buffer.alloc(5 + json.length)
  all.writeUInt32BE(json.length, 1)
  json.copy(all, 5)
  return all
}

function* messages(stream: Buffer): Generator<Message> {
  for (let at = 0; at < stream.length;) {
    const length = stream.readUInt32BE(at + 1)
    yield JSON.parse(stream.subarray(at + 5, at + 5 + length).toString()) as Message // as the daemon writes it
    at += 5 + length
  }
}
