import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { NetworkLab } from '../testing/network-lab.ts'
import { networkNames } from './network-names.ts'

const PORT = 7001
const UDP_PORT = 7002
const SUBNET = '10.231.0.0/24'
const INTERNET = '203.0.113.10'
const NAMESERVER = '10.99.0.53'
const PRIVATE = '10.99.0.1'
const METADATA = '169.254.169.254'
/** Number of the user "nobody". */
const NOBODY = 65_534
const OTHER_INSTANCE = '198.51.100.2'

/** A host with two sandboxes (`a`, `b`), a sandbox of another installation (`other`) and an internet, all in namespaces. */
describe('firewall', () => {
  const instance = randomBytes(3).toString('hex')
  const names = networkNames(instance)
  const lab = new NetworkLab(`drowse-${instance}`) // the same names as `names.namespace` gives
  const install = `import { installFirewall } from '../network/firewall.ts'
    await installFirewall(${JSON.stringify({ instance, sandboxSubnet: SUBNET, nameservers: [NAMESERVER] })})`

  beforeAll(async () => {
    await lab.addHost({ instance, subnet: SUBNET, addresses: [INTERNET, NAMESERVER, PRIVATE, METADATA] })
    await lab.add('other')
    await lab.join(['host', 'dwzz-0', '198.51.100.1/30'], ['other', 'eth0', `${OTHER_INSTANCE}/30`])
    await lab.ip('other', ['route', 'add', 'default', 'via', '198.51.100.1'])
    await lab.ip('internet', ['route', 'add', SUBNET, 'via', '203.0.113.1'])
    await lab.ip('host', ['addr', 'add', 'fd00::1/64', 'dev', names.link(0), 'nodad'])
    await lab.ip('a', ['addr', 'add', 'fd00::2/64', 'dev', 'eth0', 'nodad'])
    for (const role of ['host', 'a', 'b', 'other', 'internet']) await lab.listen(role, PORT)
    await lab.listen('internet', 53)
  })

  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
  })

  const forbidden = [
    `10.231.0.1|${PORT}`, // the host's end of the link
    `203.0.113.1|${PORT}`, // the host's outside address
    `fd00::1|${PORT}`,
    `10.231.0.6|${PORT}`, // sandbox b
    `${OTHER_INSTANCE}|${PORT}`,
    `${METADATA}|${PORT}`,
    `${PRIVATE}|${PORT}`,
    `${PRIVATE}|53`,
    `${NAMESERVER}|${PORT}`,
  ]
  const inward = `10.231.0.2|${PORT}`

  test('without it everything is reached, so the other tests prove something', async () => {
    expect(await lab.probe('a', forbidden)).toEqual(all(forbidden, 'open'))
    expect(await lab.probe('internet', [inward])).toEqual(all([inward], 'open'))
    expect(await lab.probe('host', [inward], NOBODY)).toEqual(all([inward], 'open'))
  })

  test('a sandbox reaches neither the host nor other sandboxes, private ranges or metadata', async () => {
    await lab.run('host', install)
    await lab.run('host', install) // a second install replaces the first
    expect(await lab.probe('a', forbidden)).toEqual(all(forbidden, 'closed'))
  })

  test('a sandbox reaches the internet through NAT, and a given name server on port 53 only', async () => {
    await lab.run('host', install)
    const targets = [`${INTERNET}|${PORT}`, `${NAMESERVER}|53`]
    expect(await lab.probe('a', targets)).toEqual(all(targets, 'open'))
  })

  test('packets leave with the host as their source, and forged sources do not leave', async () => {
    await lab.run('host', install)
    const next = await lab.collect('internet', UDP_PORT)
    await lab.ip('a', ['addr', 'add', '10.231.0.6/32', 'dev', 'eth0']) // b's address
    await lab.ip('a', ['addr', 'add', '198.51.100.77/32', 'dev', 'eth0'])
    await lab.run(
      'a',
      `import { createSocket } from 'node:dgram'
       for (const address of ['10.231.0.6', '198.51.100.77', '10.231.0.2']) {
         const socket = createSocket('udp4')
         await new Promise((resolve) => socket.bind(0, address, resolve))
         await new Promise((resolve) => socket.send('x', ${UDP_PORT}, '${INTERNET}', resolve))
         socket.close()
       }`,
    )
    expect(await next()).toBe('203.0.113.1') // the honest packet is the last sent and the first to arrive
  })

  test("the host's root reaches a sandbox, its other users and the internet do not", async () => {
    await lab.run('host', install)
    expect(await lab.probe('host', [inward])).toEqual(all([inward], 'open'))
    expect(await lab.probe('host', [inward], NOBODY)).toEqual(all([inward], 'closed'))
    expect(await lab.probe('internet', [inward])).toEqual(all([inward], 'closed'))
  })

  test('removeFirewall removes the table and can be repeated', async () => {
    await lab.run('host', install)
    const remove = `import { removeFirewall } from '../network/firewall.ts'
      await removeFirewall({ instance: '${instance}' })
      await removeFirewall({ instance: '${instance}' })`
    await lab.run('host', remove)
    const tables = await lab.run(
      'host',
      `import { execFileSync } from 'node:child_process'
       console.log(execFileSync('nft', ['list', 'tables']).toString())`,
    )
    expect(tables).not.toContain(names.table)
    expect(await lab.probe('a', forbidden)).toEqual(all(forbidden, 'open'))
  })
})

function all(targets: readonly string[], reach: string): Record<string, string> {
  return Object.fromEntries(targets.map((target) => [target, reach]))
}
