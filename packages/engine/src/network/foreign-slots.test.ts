import { mkdtempDisposable, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { findForeignSlots, type ForeignSlots } from './foreign-slots.ts'

/** Looks at routes, each `[link, destination, mask]` in the kernel's hexadecimal. */
async function look(routes: readonly (readonly [string, string, string])[]): Promise<ForeignSlots> {
  await using folder = await mkdtempDisposable(join(tmpdir(), 'routes-'))
  const lines = routes.map(([link, to, mask]) => `${link}\t${to}\t00000000\t0001\t0\t0\t0\t${mask}\t0\t0\t0   `)
  const file = join(folder.path, 'route')
  await writeFile(file, `Iface\tDestination\tGateway \tFlags\n${lines.join('\n')}\n`)
  return findForeignSlots('10.231.0.0/16', 'dwabcdef-', file)
}

describe('findForeignSlots', () => {
  test("names the link of another installation, and leaves one's own out", async () => {
    const slots = await look([
      ['dw123456-0', '0000E70A', 'FCFFFFFF'], // 10.231.0.0/30
      ['dwabcdef-1', '0400E70A', 'FCFFFFFF'], // 10.231.0.4/30
    ])
    expect([0, 1, 2].map((slot) => slots.userOf(slot))).toEqual([
      '10.231.0.0/30 on link "dw123456-0"',
      undefined,
      undefined,
    ])
    expect(slots.count).toBe(16_384)
  })

  test('a single address inside a slot, and a network over many, count', async () => {
    const slots = await look([
      ['wg0', '0600E70A', 'FFFFFFFF'], // 10.231.0.6/32
      ['docker0', '0001E70A', '00FFFFFF'], // 10.231.1.0/24
    ])
    const used = Array.from({ length: 200 }, (_, slot) => slot).filter((slot) => slots.userOf(slot) !== undefined)
    expect(used).toEqual([1, ...Array.from({ length: 64 }, (_, index) => 64 + index)])
  })

  test('a network as wide as the subnet takes all of it; wider ones and others take nothing', async () => {
    const wide = await look([
      ['eth0', '00000000', '00000000'], // default
      ['tun0', '0000000A', '000000FF'], // 10.0.0.0/8
      ['eth1', '0000E80A', '0000FFFF'], // 10.232.0.0/16
    ])
    expect([0, 16_383].map((slot) => wide.userOf(slot))).toEqual([undefined, undefined])
    const same = await look([['docker0', '0000E70A', '0000FFFF']])
    expect([0, 16_383].every((slot) => same.userOf(slot) === '10.231.0.0/16 on link "docker0"')).toBe(true)
  })
})
