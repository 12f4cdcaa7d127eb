// The guest of a raw sandbox: a node server as the guest daemon is one, with a Python process that holds memory beside it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'

const holdMb = process.env.HOLD_MB ?? '0'
if (holdMb !== '0') spawn('/usr/bin/python3', ['/bench/hold.py', holdMb], { stdio: 'ignore' })

createServer((_, response) => {
  response.writeHead(holdMb === '0' || existsSync('/tmp/held') ? 204 : 503).end()
}).listen(49_983, '0.0.0.0')
