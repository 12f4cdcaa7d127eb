import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { NetworkLab } from '../testing/network-lab.ts'

const SUBNET = '10.231.3.0/24'
const INTERNET = '203.0.113.10'
const [NEIGHBOUR, HOST_END] = ['10.231.3.6', '10.231.3.2']
const CONNECTIONS = 5
const MBIT = 8
const RATE_BYTES = 1_000_000
/** What passes at once after a rest: a second of the rate, and 256 KiB. */
const BURST_BYTES = RATE_BYTES + 262_144

/** A host with two sandboxes and an internet, in namespaces; `b` plays the neighbour of an `a` that wants too much. */
describe('limits of the way out', () => {
  const instance = randomBytes(3).toString('hex')
  const lab = new NetworkLab(`drowse-${instance}`)
  const install = async (limits: { connections: number; bandwidthMbit: number }): Promise<void> => {
    const options = { instance, sandboxSubnet: SUBNET, nameservers: [], limits }
    await lab.run(
      'host',
      `import { installFirewall } from '../network/firewall.ts'
       await installFirewall(${JSON.stringify(options)})`,
    )
  }

  beforeAll(async () => {
    await lab.addHost({ instance, subnet: SUBNET, addresses: [INTERNET] })
    for (const [role, port] of [
      ['internet', 7001],
      ['a', 7003],
    ] as const) {
      await lab.start(
        role,
        `import { createServer } from 'node:net'
         createServer((socket) => socket.on('error', () => {}).resume()).listen(${port}, '0.0.0.0', () => console.log('ready'))`,
      )
    }
    const source = `import { createServer } from 'node:net'
      const block = Buffer.alloc(65536)
      const fill = (socket) => { while (!socket.destroyed && socket.write(block)); }
      createServer((socket) => { socket.on('error', () => {}).on('drain', () => fill(socket)); fill(socket) })`
    await lab.start('internet', `${source}.listen(7002, '0.0.0.0', () => console.log('ready'))`)
    await lab.start('a', `${source}.listen(7002, '0.0.0.0', () => console.log('ready'))`)
  })
  afterAll(async () => await lab[Symbol.asyncDispose]())

  describe('of connections', () => {
    beforeEach(async () => await install({ connections: CONNECTIONS, bandwidthMbit: 0 }))

    /** Opens connections one after the other, from an address of its own or another's, and tells how each try went. */
    const openEach = (role: string, count: number, localAddress?: string): Promise<string[]> =>
      lab
        .run(
          role,
          `import { connect } from 'node:net'
           const open = () => new Promise((resolve) => {
             const socket = connect({ host: '${INTERNET}', port: 7001, localAddress: ${JSON.stringify(localAddress)} })
             socket.on('connect', () => resolve('open')).on('error', (error) => resolve(error.code))
             socket.setTimeout(500, () => resolve('silence'))
           })
           const results = []
           for (let i = 0; i < ${count}; i++) results.push(await open())
           console.log(JSON.stringify(results))
           process.exit()`,
        )
        .then((text) => JSON.parse(text) as string[])
    const open = (count: number): string[] => Array<string>(count).fill('open')
    const refused = (count: number): string[] => Array<string>(count).fill('ECONNREFUSED')

    test('refuse one more at once, leave the neighbour alone, and give room when one ends', async () => {
      expect(await openEach('a', CONNECTIONS + 2)).toEqual([...open(CONNECTIONS), ...refused(2)])
      expect(await openEach('b', CONNECTIONS)).toEqual(open(CONNECTIONS))
      // Those of the program that has ended are no more.
      expect(await openEach('a', CONNECTIONS)).toEqual(open(CONNECTIONS))
    })

    test('do not count what comes from a forged source, nor what reaches into a sandbox', async () => {
      await lab.ip('a', ['addr', 'add', `${NEIGHBOUR}/32`, 'dev', 'eth0'])
      expect(await openEach('a', CONNECTIONS + 1, NEIGHBOUR)).toEqual(Array<string>(CONNECTIONS + 1).fill('silence'))
      await lab.ip('a', ['addr', 'del', `${NEIGHBOUR}/32`, 'dev', 'eth0'])
      expect(await openEach('b', 1)).toEqual(open(1))
      const inward = Array.from({ length: CONNECTIONS + 2 }, () => `${HOST_END}|7003`)
      expect(await lab.probe('host', inward)).toEqual({ [`${HOST_END}|7003`]: 'open' })
    })
  })

  describe('of bandwidth', () => {
    /** Bytes that a download from a port brings within a second and a half or so, and what the rate allows for the time that it took. */
    async function download(role: string, host: string): Promise<{ bytes: number; allowed: number }> {
      const text = await lab.run(
        role,
        `import { connect } from 'node:net'
         const startMs = performance.now()
         let bytes = 0
         const socket = connect({ host: '${host}', port: 7002 })
         socket.on('data', (chunk) => {
           bytes += chunk.length
           const tookMs = performance.now() - startMs
           if (tookMs < 1500 && bytes < 40e6) return
           console.log(JSON.stringify({ bytes, allowed: ${BURST_BYTES} + ${RATE_BYTES} * tookMs / 1000 }))
           process.exit()
         })`,
      )
      return JSON.parse(text) as { bytes: number; allowed: number }
    }

    const leftHost = async (): Promise<number> =>
      Number(
        await lab.run(
          'host',
          `import { readFileSync } from 'node:fs'
           console.log(/up0:(?: *\\d+){8} *(\\d+)/.exec(readFileSync('/proc/net/dev', 'latin1'))[1])`,
        ),
      )

    test('hold for what is received and sent, for each sandbox by itself, and not for what reaches into it', async () => {
      await install({ connections: 0, bandwidthMbit: 0 })
      const free = await download('a', INTERNET)
      expect(free.bytes).toBeGreaterThan(2 * free.allowed)
      await install({ connections: 0, bandwidthMbit: MBIT })
      const { bytes, allowed } = await download('a', INTERNET)
      expect(bytes).toBeLessThan(allowed)
      expect(bytes).toBeGreaterThan(100_000)
      const inward = await download('host', HOST_END)
      expect(inward.bytes).toBeGreaterThan(2 * inward.allowed)

      const next = await lab.collect('internet', 7004)
      const leftBefore = await leftHost()
      const { sent, tookMs } = JSON.parse(
        await lab.run(
          'a',
          `import { createSocket } from 'node:dgram'
           const socket = createSocket('udp4')
           const startMs = performance.now()
           let sent = 0
           for (; sent < 30e6; sent += 1400) {
             await new Promise((resolve) => socket.send(Buffer.alloc(1400), 7005, '${INTERNET}', resolve))
           }
           console.log(JSON.stringify({ sent, tookMs: performance.now() - startMs }))
           process.exit()`,
        ),
      ) as { sent: number; tookMs: number }
      const left = (await leftHost()) - leftBefore
      expect(left).toBeLessThan(Math.min(sent, BURST_BYTES + (RATE_BYTES * tookMs) / 1000 + 100_000))
      expect(left).toBeGreaterThan(RATE_BYTES / 2)
      await lab.run(
        'b',
        `import { createSocket } from 'node:dgram'
         const socket = createSocket('udp4')
         await new Promise((resolve) => socket.send('x', 7004, '${INTERNET}', resolve))
         process.exit()`,
      )
      expect(await next()).toBe('203.0.113.1')
    })
  })
})
