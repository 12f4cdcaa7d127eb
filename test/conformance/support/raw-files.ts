import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import type { Sandbox } from 'e2b'

/** URL of a file by the plain http door. */
export function filesUrl(path: string): string {
  return `${process.env['E2B_SANDBOX_URL']}/files?${new URLSearchParams({ path }).toString()}`
}

/** One unary call of the daemon with plain JSON; the answer as it came. */
export async function raw(sandbox: Sandbox, method: string, body: object): Promise<{ status: number; body: unknown }> {
  const response = await fetch(`${process.env['E2B_SANDBOX_URL']}/${method}`, {
    method: 'POST',
    headers: { ...raw.headers(sandbox), 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  return { status: response.status, body: await response.json() }
}

/** What routes a request to a sandbox's daemon and lets it in. */
raw.headers = (sandbox: Sandbox): Record<string, string> => ({
  'E2b-Sandbox-Id': sandbox.sandboxId,
  'E2b-Sandbox-Port': '49983',
  'X-Access-Token': sandbox['envdAccessToken'] ?? '',
})

/** A download with its bytes as they are on the wire, which `fetch` would decode. */
raw.bytes = async (
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number | undefined; encoding: string | undefined; body: Buffer }> => {
  const call = request(url, { headers, agent: false })
  call.end()
  const [response] = (await once(call, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return {
    status: response.statusCode,
    encoding: response.headers['content-encoding'],
    body: Buffer.concat(chunks),
  }
}
