/** A preview as people make them: a page, a WebSocket, an event stream, a form with a file, a large download. Port: the first argument. */
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { WebSocketServer } from 'ws'

const file = (name, type) => ({ type, body: readFileSync(join(import.meta.dirname, name)) })
const FILES = { '/': file('index.html', 'text/html'), '/app.js': file('app.js', 'text/javascript') }
const ANSWERS = { '/ticks': ticks, '/form': form, '/large': large, '/large/rest': rest, '/headers': headers }
const PART = randomBytes(16 * 1024 * 1024)

let visits = 0
let letGoOn = () => {}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => response.destroy(error))
})
new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
})
server.listen(Number(process.argv[2]), '0.0.0.0')

async function answer(request, response) {
  const { pathname } = new URL(request.url, 'http://preview')
  const found = FILES[pathname]
  if (pathname === '/')
    response.setHeader('set-cookie', [`visits=${++visits}; Secure`, `__Host-own=${visits}; Secure; Path=/`])
  if (found !== undefined) response.setHeader('content-type', found.type).end(found.body)
  else if (pathname in ANSWERS) await ANSWERS[pathname](request, response)
  else response.writeHead(pathname === '/favicon.ico' ? 204 : 404).end()
}

function headers(request, response) {
  response.end(JSON.stringify(request.headers))
}

function ticks(_, response) {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let count = 0
  const timer = setInterval(() => response.write(`data: ${++count}\n\n`), 50)
  response.on('close', () => clearInterval(timer))
}

/** Says what came in a form with the fields "title" and "file". */
async function form(request, response) {
  const body = Buffer.concat(await request.toArray())
  const fields = await new Response(body, { headers: { 'content-type': request.headers['content-type'] } }).formData()
  const file = fields.get('file')
  const hash = sha256(Buffer.from(await file.arrayBuffer()))
  response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' })
  response.end(['<h1>', fields.get('title'), '</h1><p>', file.name, ' ', hash, '</p>'].join(''))
}

/** Sends the second half only once the client has asked for it, which it does when it has the first. */
async function large(_, response) {
  const goOn = new Promise((resolve) => (letGoOn = resolve))
  response.writeHead(200, { 'content-length': 2 * PART.length, 'x-sha256': sha256(PART, PART) })
  if (!response.write(PART)) await once(response, 'drain')
  await goOn
  response.end(PART)
}

function rest(_, response) {
  letGoOn()
  response.end()
}

function sha256(...parts) {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest('hex')
}
