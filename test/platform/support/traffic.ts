import { request } from 'node:http'
import type { Sandbox } from 'e2b'
import { until } from './sandboxes.ts'

/** A server that answers with the path it was asked for, and greets whoever upgrades to a WebSocket with one frame, "hello". */
const SERVER = `
const { createHash } = require('node:crypto')
const { createServer } = require('node:http')
const server = createServer((request, response) => response.end(request.url))
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1').update(request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64')
  socket.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: ' + accept + '\\r\\n\\r\\n')
  socket.write(Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('hello')]))
  socket.on('error', () => {})
})
server.listen(Number(process.argv[2]), '0.0.0.0')
`

/** Starts the server inside a sandbox and waits until it answers. */
export async function serverInside(sandbox: Sandbox, port: number): Promise<void> {
  await sandbox.files.write('/home/user/server.js', SERVER)
  await sandbox.commands.run(`node /home/user/server.js ${port}`, { background: true, timeoutMs: 0 })
  await until(async () => (await requestThroughGateway(sandbox, port)).ok)
}

/** One request through the plain http door, routed by header. */
export async function requestThroughGateway(sandbox: Sandbox, port: number, path = '/'): Promise<Response> {
  return await fetch(`${process.env.E2B_SANDBOX_URL}${path}`, { headers: routing(sandbox, port) })
}

/** Upgrades to a WebSocket through the plain http door and resolves with the text of the first frame; then it hangs up. */
export async function upgradeThroughGateway(sandbox: Sandbox, port: number): Promise<string> {
  return await new Promise((resolve, reject) => {
    const call = request(`${process.env.E2B_SANDBOX_URL}/socket`, {
      agent: false,
      timeout: 60_000,
      headers: {
        ...routing(sandbox, port),
        Connection: 'Upgrade',
        Upgrade: 'websocket',
        'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'Sec-WebSocket-Version': '13',
      },
    })
    call.on('error', reject)
    call.on('timeout', () => call.destroy(new Error('no upgrade in 60 s')))
    call.on('response', (response) => reject(new Error(`no upgrade but ${response.statusCode}`)))
    call.on('upgrade', (_, socket, head) => {
      let bytes = head
      const look = (): void => {
        if (bytes.length < 7) return
        resolve(bytes.subarray(2, 7).toString())
        socket.destroy()
      }
      socket.on('error', reject)
      socket.on('data', (chunk: Buffer) => {
        bytes = Buffer.concat([bytes, chunk])
        look()
      })
      look()
    })
    call.end()
  })
}

function routing({ sandboxId }: Sandbox, port: number): Record<string, string> {
  return { 'E2b-Sandbox-Id': sandboxId, 'E2b-Sandbox-Port': String(port) }
}
