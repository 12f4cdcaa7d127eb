import { Sandbox } from 'e2b'
import { describe, expect, inject, it } from 'vitest'
import { detailOf, dropToDisk } from '../platform/support/inspect.ts'
import { killAfterEach, startCounter, until } from '../platform/support/sandboxes.ts'
import { requestThroughGateway, serverInside } from '../platform/support/traffic.ts'

const SIZE_MB = 512

/** Holds random bytes and writes their hash when asked by a signal. */
const HEAP = `
import hashlib, os, signal
held = [os.urandom(1 << 20) for _ in range(${SIZE_MB})]
def tell(*_):
    with open('/tmp/heap.new', 'w') as f:
        digest = hashlib.sha256()
        for piece in held:
            digest.update(piece)
        f.write(digest.hexdigest())
    os.rename('/tmp/heap.new', '/tmp/heap')
signal.signal(signal.SIGUSR1, tell)
open('/tmp/heap-ready', 'w').close()
while True:
    signal.pause()
`

describe('ten pauses and wakes, alternately from RAM and from disk', () => {
  const keep = killAfterEach()

  it(
    `keep ${SIZE_MB} MB of files, ${SIZE_MB} MB of heap, processes, a counter and a server`,
    { timeout: 900_000 },
    async () => {
      const sandbox = keep(await Sandbox.create({ timeoutMs: 3_600_000 }))
      const inBackground = { background: true, timeoutMs: 0 } as const
      const run = async (command: string): Promise<string> =>
        (await sandbox.commands.run(command, { timeoutMs: 120_000 })).stdout.trim()
      await sandbox.files.write('/home/user/heap.py', HEAP)
      await run(`mkdir data && for i in 1 2 3 4; do head -c ${SIZE_MB / 4}M /dev/urandom > data/$i; done`)
      const { pid: heapPid } = await sandbox.commands.run('exec python3 /home/user/heap.py', inBackground)
      await until(async () => await sandbox.files.exists('/tmp/heap-ready'), 60_000)
      const { pid: sleeperPid } = await sandbox.commands.run('exec sleep 1000000', inBackground)
      const counter = await startCounter(sandbox)
      await serverInside(sandbox, 3000)

      const hashes = async (): Promise<string> =>
        await run(
          `rm -f /tmp/heap; kill -USR1 ${heapPid}; until [ -e /tmp/heap ]; do sleep 0.05; done; cat /tmp/heap; echo; cat data/* | sha256sum`,
        )
      const before = await hashes()
      expect(before).toMatch(/^[0-9a-f]{64}\n[0-9a-f]{64}/)
      let last = await counter.read()

      for (let cycle = 1; cycle <= 10; cycle++) {
        await run(`echo ${cycle} >> cycles.txt`)
        await sandbox.pause()
        if (cycle % 2 === 0) await dropToDisk(inject('installation'), sandbox.sandboxId)
        const { tier } = (await detailOf(sandbox.sandboxId)).drowse
        expect(tier).toBe(cycle % 2 === 0 ? 'disk' : 'frozen')
        await sandbox.connect({ timeoutMs: 3_600_000 })

        expect((await requestThroughGateway(sandbox, 3000)).status).toBe(200)
        expect(await hashes()).toBe(before)
        expect(await run('cat cycles.txt')).toBe(Array.from({ length: cycle }, (_, index) => index + 1).join('\n'))
        expect((await sandbox.commands.list()).map(({ pid }) => pid)).toEqual(
          expect.arrayContaining([heapPid, sleeperPid, counter.pid]),
        )
        const now = await counter.read()
        expect(now.pid).toBe(last.pid)
        expect(now.count).toBeGreaterThan(last.count)
        last = now
      }
    },
  )
})
