import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { LARGE_BYTES } from './bytes.ts'

/** The server that both ways lead to: a short answer, the length of a body, a large answer, one that never ends, and a WebSocket that stays open in silence. Run by `fork`. */
const server = createServer((request, response) => {
  if (request.url === '/large') void sendLarge(response)
  else if (request.url === '/hang') response.flushHeaders()
  else if (request.method === 'POST') count(request, response).catch(() => response.destroy())
  else response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '2' }).end('ok')
})
server.on('upgrade', (request, socket) => {
  socket.on('error', () => socket.destroy())
  socket.once('end', () => socket.end()).resume()
  // It is asked in the daemon's place too whether something listens on a port: no.
  if (request.url !== '/ws') {
    socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n')
    return
  }
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n')
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1')
await once(server, 'listening')
// Whoever started it is gone.
process.once('disconnect', () => process.exit())
process.send?.({ port: (server.address() as AddressInfo).port }) // a TCP server's address is an AddressInfo

/** Answers with how many bytes came. */
async function count(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let bytes = 0
  request.on('data', (chunk: Buffer) => (bytes += chunk.length))
  await once(request, 'end')
  response.end(String(bytes))
}

async function sendLarge(response: ServerResponse): Promise<void> {
  const chunk = Buffer.alloc(256 * 1024)
  response.writeHead(200, { 'content-length': String(LARGE_BYTES) })
  for (let sent = 0; sent < LARGE_BYTES && !response.destroyed; sent += chunk.length) {
    if (!response.write(chunk)) await once(response, 'drain')
  }
  response.end()
}
