import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LARGE_BYTES } from './bytes.ts'

/** The server that both ways lead to: a short answer, also to a body of any size, a large one, and a WebSocket that stays open in silence. Run by `fork`. */
const server = createServer((request, response) => {
  if (request.url === '/large') void sendLarge(response)
  else if (request.method === 'POST') request.resume().once('end', () => response.end('ok'))
  else response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '2' }).end('ok')
})
server.on('upgrade', (_request, socket) => {
  socket.on('error', () => socket.destroy())
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1')
await once(server, 'listening')
process.send?.({ port: (server.address() as AddressInfo).port }) // a TCP server's address is an AddressInfo

async function sendLarge(response: ServerResponse): Promise<void> {
  const chunk = Buffer.alloc(256 * 1024)
  response.writeHead(200, { 'content-length': String(LARGE_BYTES) })
  for (let sent = 0; sent < LARGE_BYTES && !response.destroyed; sent += chunk.length) {
    if (!response.write(chunk)) await once(response, 'drain')
  }
  response.end()
}
