import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Sandbox } from 'e2b'
import { describe, expect, inject, it } from 'vitest'
import { makeSmallInternet } from '../platform/support/small-internet.ts'
import { killAfterEach, untilListening } from '../platform/support/sandboxes.ts'
import { hostAddresses, sandboxAddresses } from './support/addresses.ts'
import { CONNECT_ALL, linesOf } from './support/connect-all.ts'

describe('a neighbour in the network', () => {
  const keep = killAfterEach()

  it("reaches neither door, no sandbox's address, and none of a sandbox's ports", async () => {
    const { env } = inject('installation')
    const sandbox = keep(await Sandbox.create())
    await sandbox.commands.run('python3 -m http.server 3000', { background: true, timeoutMs: 0 })
    await untilListening(sandbox, 3000)
    await using neighbour = await makeSmallInternet()
    await using server = createServer((_, response) => response.end()).listen(0, '0.0.0.0')
    await once(server, 'listening')
    const open = `${neighbour.hostAddress} ${(server.address() as AddressInfo).port}`

    const doors = [env['DROWSE_HTTP_PORT'], env['DROWSE_HTTPS_PORT']]
    const hosts = hostAddresses().filter((address) => !/^(127\.|::1$|fe80:)/.test(address))
    expect(hosts).toContain(neighbour.hostAddress)
    const targets = [
      open,
      ...hosts.flatMap((address) => doors.map((port) => `${address} ${port}`)),
      ...sandboxAddresses(env['DROWSE_SUBNET'] ?? '').flatMap((address) => [`${address} 49983`, `${address} 3000`]),
    ]
    // A server on all addresses shows that the way is there.
    expect(linesOf(await neighbour.run('/usr/bin/python3', ['-c', CONNECT_ALL], targets.join('\n')))).toEqual([open])
  })
})
