/** A dev server with hot reload, as Vite's: pages hear over a WebSocket that a file has changed. Port: the first argument. */
import { randomUUID } from 'node:crypto'
import { readFileSync, watch } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { WebSocketServer } from 'ws'

const read = (name) => readFileSync(join(import.meta.dirname, name))
const HTML = { 'content-type': 'text/html' }
const SCRIPT = { 'content-type': 'text/javascript' }
/** Tells this run of the server from any other. */
const RUN = randomUUID()

const server = createServer(({ url }, response) => {
  if (url === '/') response.writeHead(200, HTML).end(read('index.html'))
  else if (url === '/client.js') response.writeHead(200, SCRIPT).end(read('client.js'))
  else if (url === '/message') response.end(read('message.txt'))
  else response.writeHead(204).end()
})
const hub = new WebSocketServer({ server })
hub.on('connection', (socket) => socket.send(RUN))
watch(join(import.meta.dirname, 'message.txt'), () => {
  for (const socket of hub.clients) socket.send(RUN)
})
server.listen(Number(process.argv[2]), '0.0.0.0')
