/** Takes in what changed, and connects again whenever the connection is lost. */
const show = (selector, text) => (document.querySelector(selector).textContent = text)
let connections = 0

function connectAgain() {
  const socket = new WebSocket('/hot')
  socket.addEventListener('open', () => show('#connection', `connection ${++connections}`))
  socket.addEventListener('message', ({ data }) => {
    takeIn(data).catch((error) => show('h1', String(error)))
  })
  socket.addEventListener('close', () => setTimeout(connectAgain, 100))
}

async function takeIn(run) {
  const answer = await fetch('/message')
  show('h1', await answer.text())
  show('#run', run)
}

connectAgain()
