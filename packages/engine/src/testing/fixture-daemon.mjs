// Stands in for the guest daemon in contract tests of the real engine; speaks as FakeGuest documents.
import { spawn } from 'node:child_process'
import { createServer } from 'node:http'
import { readFileSync, writeFileSync } from 'node:fs'
import { networkInterfaces, totalmem } from 'node:os'
import { text } from 'node:stream/consumers'

let counter = 0
const ballast = []
/** How the programs that `POST /run` began have ended: by pid, the status or signal. */
const ended = {}

createServer((request, response) => {
  void answer(request, response)
}).listen(49_983, '0.0.0.0')

async function answer(request, response) {
  const body = await text(request)
  const route = `${request.method} ${request.url}`
  if (route === 'POST /counter') counter++
  if (route === 'POST /ballast') ballast.push(Buffer.alloc(Number(body), 'x'))
  if (route === 'POST /file') writeFileSync('/written', body)
  if (route === 'POST /exit') process.exit(0)
  if (route === 'POST /run') response.setHeader('pid', run(body))
  if (route.endsWith(' /counter')) response.end(String(counter))
  else if (route === 'GET /ended') response.end(JSON.stringify(ended))
  else if (route === 'GET /file') response.end(readFileSync('/written'))
  else if (route === 'GET /facts') response.end(JSON.stringify(facts()))
  else response.writeHead(204).end()
}

function facts() {
  const status = readFileSync('/proc/self/status', 'utf8')
  return {
    memoryBytes: totalmem(),
    hostname: readFileSync('/proc/sys/kernel/hostname', 'utf8').trim(),
    addresses: (networkInterfaces().eth0 ?? []).map(({ address }) => address),
    capabilities: /CapEff:\s*(\w+)/.exec(status)?.[1],
    openFiles: /Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1],
  }
}

/** Runs a module's text as a process of its own. */
function run(code) {
  const node = ['--library-path', '/.drowse/lib', '/.drowse/node', '--input-type=module', '--eval', code]
  const child = spawn('/.drowse/lib/ld-linux-x86-64.so.2', node, { stdio: 'ignore' })
  child.on('exit', (status, signal) => (ended[child.pid] = status ?? signal))
  return child.pid
}
