import { exec } from '@drowse/common'
import { Sandbox } from 'e2b'
import { describe, expect, inject, it } from 'vitest'
import { killAfterEach } from './support/sandboxes.ts'

/** A pair of links of the test; their names must not look like those of sandboxes. */
const [LINK, PEER] = ['drowsetest0', 'drowsetest1']

describe('addresses of the subnet that something else on the host uses', () => {
  const keep = killAfterEach()

  it('are left out: new sandboxes live beside them, and those that were there go on', async () => {
    const before = keep(await Sandbox.create())
    const [, second = ''] = inject('installation').env.DROWSE_SUBNET?.split('.') ?? []
    // The first 64 places, of which our own have some: their networks are narrower, and stay theirs.
    const first = `10.${second}.0.`
    await exec('ip', ['link', 'add', LINK, 'type', 'veth', 'peer', 'name', PEER])
    try {
      await exec('ip', ['addr', 'add', `${first}254/24`, 'dev', LINK])
      await exec('ip', ['link', 'set', LINK, 'up'])
      // More than the pool has made before.
      const made = await Promise.all(Array.from({ length: 6 }, async () => keep(await Sandbox.create())))
      const addresses = await Promise.all(made.map(addressOf))
      expect(new Set(addresses).size).toBe(6)
      expect(addresses.filter((address) => !address.startsWith(first)).length).toBeGreaterThan(0)
      expect(await addressOf(before)).toMatch(/^10\./)
    } finally {
      await exec('ip', ['link', 'del', LINK])
    }
  })
})

/** The sandbox's own address, asked of the sandbox. */
async function addressOf(sandbox: Sandbox): Promise<string> {
  return (await sandbox.commands.run('hostname -I')).stdout.trim()
}
