/** What the page does when a test tells it to. */
const show = (id) => (event) => (document.getElementById(id).textContent = event.data)
let socket

/** Shows the numbers of the event stream. */
function tick() {
  new EventSource('/ticks').addEventListener('message', show('tick'))
}

/** Opens a WebSocket and shows each message. What its closing looks like is in `preview.closing`. */
async function openSocket() {
  socket = new WebSocket('/socket')
  socket.addEventListener('message', show('echo'))
  globalThis.preview.closing = new Promise((resolve) => {
    socket.addEventListener('close', ({ code, reason, wasClean }) => resolve({ code, reason, wasClean }))
  })
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', () => reject(new Error('no WebSocket')))
  })
}

/** Sends text over the WebSocket, whose server sends it back. */
function say(text) {
  socket.send(text)
}

/** Reads the large file as it comes, and asks for its second half when it has the first. */
async function download() {
  const response = await fetch('/large')
  const half = Number(response.headers.get('content-length')) / 2
  const parts = []
  let length = 0
  for await (const part of response.body) {
    parts.push(part)
    length += part.length
    if (length === half) await fetch('/large/rest', { method: 'POST' })
  }
  const digest = await crypto.subtle.digest('SHA-256', await new Blob(parts).arrayBuffer())
  return { length, isWhole: new Uint8Array(digest).toHex() === response.headers.get('x-sha256') }
}

globalThis.preview = { tick, openSocket, say, download }
