import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { exec } from '@drowse/common'

/** A network namespace with a loopback alone, on which one port of the host's loopback is there too. */
export interface OwnNetwork extends AsyncDisposable {
  /** What runs a program in it; the program and its arguments follow. */
  enter: readonly string[]
}

/**
 * Makes a network for a browser. In the host's own a browser gives up all its requests whenever an address of the machine comes or goes
 * (ERR_NETWORK_CHANGED), which every start of a sandbox does; and from here nothing outside can be reached. `folder` is for a socket.
 */
export async function makeOwnNetwork(folder: string, port: number): Promise<OwnNetwork> {
  await using stack = new AsyncDisposableStack()
  const name = `drowse-browser-${randomBytes(4).toString('hex')}`
  await exec('ip', ['netns', 'add', name])
  stack.defer(async () => void (await exec('ip', ['netns', 'del', name])))
  await exec('ip', ['-n', name, 'link', 'set', 'lo', 'up'])
  const enter = ['nsenter', `--net=/run/netns/${name}`]

  // Files are the same in every network, so a socket in the filesystem is the way out.
  const path = join(folder, 'host.sock')
  const relay = createServer({ allowHalfOpen: true }, (inner) => {
    const outer = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
    // A loss on one side ends both; the browser sees it.
    pipeline(inner, outer, inner).catch(() => undefined)
  })
  relay.listen(path)
  await once(relay, 'listening')
  stack.defer(async () => void relay.close())
  const door = spawn(enter[0] ?? '', [...enter.slice(1), process.execPath, '--eval', DOOR, path, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  stack.defer(async () => {
    const ended = once(door, 'exit')
    if (door.kill('SIGKILL')) await ended
  })
  await once(createInterface({ input: door.stdout }), 'line')
  const parts = stack.move()
  return { enter, [Symbol.asyncDispose]: async () => await parts[Symbol.asyncDispose]() }
}

/** Listens on the port of the namespace's loopback and passes each connection to the socket. */
const DOOR = `
const { connect, createServer } = require('node:net')
const { pipeline } = require('node:stream/promises')
const [path, port] = process.argv.slice(1)
createServer({ allowHalfOpen: true }, (inner) => {
  const outer = connect({ path, allowHalfOpen: true })
  pipeline(inner, outer, inner).catch(() => undefined)
}).listen(Number(port), '127.0.0.1', () => console.log('ready'))
`
