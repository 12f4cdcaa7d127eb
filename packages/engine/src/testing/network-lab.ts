import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { exec } from '@drowse/common'

/** What an endpoint got for a connection try. */
export type Reach = 'open' | 'closed'

/** Time, in ms, after which a connection without answer counts as closed. Inside one machine an answer takes below 1 ms. */
const CONNECT_TIMEOUT_MS = 1_000

/** A program in a namespace of a {@link NetworkLab}. */
export interface LabProgram {
  /** What it prints after "ready". */
  lines: AsyncIterator<string>
  /** Sends it a line. */
  write(line: string): void
}

/** Network namespaces that play a host, its sandboxes and the internet, with programs inside; gone on dispose. */
export class NetworkLab implements AsyncDisposable {
  readonly #prefix: string
  readonly #namespaces: string[] = []
  readonly #children: ChildProcess[] = []

  /** `prefix` starts the names of the namespaces; unique on the machine. */
  constructor(prefix: string) {
    this.#prefix = prefix
  }

  /** Full name of the namespace `role`. */
  name(role: string): string {
    return `${this.#prefix}-${role}`
  }

  /** Makes the namespace `role`. */
  async add(role: string): Promise<void> {
    await this.adopt(this.name(role))
    await exec('ip', ['netns', 'add', this.name(role)])
    await this.ip(role, ['link', 'set', 'lo', 'up'])
  }

  /** Removes the namespace `name`, which someone else makes, on dispose. */
  async adopt(name: string): Promise<void> {
    this.#namespaces.push(name)
  }

  /** Joins two namespaces: `[role, device, address]` for each end. */
  async join(a: [string, string, string], b: [string, string, string]): Promise<void> {
    const ends = [a, b] as const
    await this.ip(a[0], ['link', 'add', a[1], 'type', 'veth', 'peer', 'name', b[1], 'netns', this.name(b[0])])
    for (const [role, device, address] of ends) {
      await this.ip(role, ['addr', 'add', address, 'dev', device])
      await this.ip(role, ['link', 'set', device, 'up'])
    }
  }

  /**
   * Makes `host`, with the sandboxes `a` and `b` of `instance` in slots 0 and 1, and `internet`, which is its way out and answers at all
   * `addresses`; the first is the one on their network, 203.0.113.0/24, where the host is 203.0.113.1. The lab's prefix has to be
   * `drowse-<instance>`: the sandboxes' namespaces are named by the network code itself.
   */
  async addHost(options: {
    instance: string
    subnet: string
    addresses: readonly [string, ...string[]]
  }): Promise<void> {
    const { instance, subnet, addresses } = options
    const [gateway, ...others] = addresses
    for (const role of ['host', 'internet']) await this.add(role)
    await this.join(['host', 'up0', '203.0.113.1/24'], ['internet', 'eth0', `${gateway}/24`])
    await this.ip('host', ['route', 'add', 'default', 'via', gateway])
    for (const address of others) await this.ip('internet', ['addr', 'add', `${address}/32`, 'dev', 'lo'])
    for (const role of ['a', 'b']) await this.adopt(this.name(role))
    await this.run(
      'host',
      `import { writeFileSync } from 'node:fs'
       import { networkNames } from '../network/network-names.ts'
       import { addressGuestEnd, createLink, sandboxLink } from '../network/sandbox-network.ts'
       import { slotAddress } from '../network/slot-address.ts'
       writeFileSync('/proc/sys/net/ipv4/ip_forward', '1') // of this namespace only
       for (const [slot, id] of ['a', 'b'].entries()) {
         const link = sandboxLink(networkNames('${instance}'), id, slot, slotAddress('${subnet}', slot))
         await createLink(link)
         await addressGuestEnd(link)
       }`,
    )
  }

  async ip(role: string, args: readonly string[]): Promise<void> {
    await exec('ip', ['-n', this.name(role), ...args])
  }

  /** Runs an ES module's text in a namespace and returns what it prints. Imports resolve as in this folder. */
  async run(role: string, code: string): Promise<string> {
    const { stdout } = await exec('nsenter', this.#nodeArguments(role, code), {
      cwd: fileURLToPath(new URL('.', import.meta.url)),
    })
    return stdout.trim()
  }

  /** Listens on TCP `port` of every address of a namespace, both families, until dispose. */
  async listen(role: string, port: number): Promise<void> {
    await this.start(
      role,
      `import { createServer } from 'node:net'
       createServer((socket) => socket.on('error', () => {}).end('hello')).listen(${port}, '::', () => console.log('ready'))`,
    )
  }

  /** Collects the senders of UDP packets to `port`; the returned function waits for the next one. */
  async collect(role: string, port: number): Promise<() => Promise<string>> {
    const { lines } = await this.start(
      role,
      `import { createSocket } from 'node:dgram'
       const socket = createSocket('udp4')
       socket.on('message', (_, from) => console.log(from.address))
       socket.bind(${port}, () => console.log('ready'))`,
    )
    return async () => String((await lines.next()).value)
  }

  /** Tries to connect from a namespace to each `host|port`, all at once, as the user with the number `uid`. */
  async probe(role: string, targets: readonly string[], uid = 0): Promise<Record<string, Reach>> {
    const output = await this.run(
      role,
      `import { connect } from 'node:net'
       process.setuid(${uid})
       const reach = (target) => new Promise((resolve) => {
         const [host, port] = target.split('|')
         const socket = connect({ host, port: Number(port) })
         const end = (result) => { socket.destroy(); resolve([target, result]) }
         socket.setTimeout(${CONNECT_TIMEOUT_MS}, () => end('closed'))
         socket.on('connect', () => end('open')).on('error', () => end('closed'))
       })
       console.log(JSON.stringify(Object.fromEntries(await Promise.all(${JSON.stringify(targets)}.map(reach)))))`,
    )
    return JSON.parse(output) as Record<string, Reach> // printed by the program above
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    }
    for (const name of this.#namespaces) if (existsSync(`/run/netns/${name}`)) await exec('ip', ['netns', 'del', name])
  }

  /** Runs an ES module's text in a namespace until dispose; resolves once it has printed "ready". */
  async start(role: string, code: string): Promise<LabProgram> {
    // nsenter execs node, so ending the child ends the program.
    const child = spawn('nsenter', this.#nodeArguments(role, code), {
      stdio: ['pipe', 'pipe', 'inherit'],
      cwd: fileURLToPath(new URL('.', import.meta.url)),
    })
    this.#children.push(child)
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    const first = await lines.next()
    if (first.value !== 'ready') throw new Error(`Cannot start a program in namespace "${role}": it ended`)
    return { lines, write: (line) => void child.stdin.write(`${line}\n`) }
  }

  #nodeArguments(role: string, code: string): string[] {
    const namespace = `--net=/run/netns/${this.name(role)}`
    return [namespace, process.execPath, '--conditions=source', '--input-type=module', '--eval', code]
  }
}
