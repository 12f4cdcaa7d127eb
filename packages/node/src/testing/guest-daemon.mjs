// Stands in for the guest daemon in the node's test on the real engine: health, init, a counter in memory, a timer and a file.
import { createServer } from 'node:http'
import { readFileSync, writeFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'

let counter = 0
let init = ''
/** Ticks of a timer of 50 ms. */
let ticks = 0
setInterval(() => ticks++, 50)

createServer((request, response) => {
  void answer(request, response)
}).listen(49_983, '0.0.0.0')

async function answer(request, response) {
  const body = await text(request)
  const route = `${request.method} ${request.url}`
  if (route === 'POST /init') init = body
  if (route === 'POST /counter') response.end(String(++counter))
  else if (route === 'GET /init') response.end(init)
  else if (route === 'GET /ticks') response.end(JSON.stringify({ ticks, nowMs: Date.now() }))
  else if (route === 'GET /file') response.end(readFileSync('/written', 'utf8'))
  else {
    if (route === 'POST /file') writeFileSync('/written', body)
    response.writeHead(204).end()
  }
}
