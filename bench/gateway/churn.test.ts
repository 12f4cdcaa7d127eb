import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { churn, CHURN_KINDS, type ChurnKind } from './churn.ts'
import type { GatewayUse } from './gateway-use.ts'
import { Pair } from './pair.ts'

/** How often each thing is done. Those with a handshake of TLS take some milliseconds each. */
const PLAIN_COUNT = 1_000
const TLS_COUNT = 300
/** Longest time, in ms, that a gateway keeps something for a sandbox that nobody asks for (two rounds of its sweep). */
const FORGET_LIMIT_MS = 90_000

const KINDS = Object.keys(CHURN_KINDS) as ChurnKind[]

let pair: Pair
/** The process before anybody has asked. */
let before: GatewayUse

beforeAll(async () => {
  pair = await Pair.start()
  before = await pair.use()
}, 60_000)

afterAll(async () => pair[Symbol.asyncDispose](), 60_000)

describe('the gateway, after thousands of short connections', () => {
  it.each(KINDS)(
    'holds none of them: %s',
    async (kind) => {
      const count = /TLS|HTTP\/2/.test(kind) ? TLS_COUNT : PLAIN_COUNT
      const done = await churn(pair.target, kind, { lanes: 20, goesOn: (begun) => begun < count })
      expect(done).toBe(count)
      await vi.waitFor(
        async () => {
          const { kept: _, ...held } = (await pair.use()).held
          expect(held).toEqual({ open: 0, exchanges: 0, upgraded: 0, counted: 0, special: 0 })
        },
        { timeout: 10_000 },
      )
    },
    60_000,
  )

  it('forgets the sandboxes and has no more open files and handles than at its start', async () => {
    await vi.waitFor(
      async () => {
        const { held, openFiles, handles } = await pair.use()
        expect(held.kept).toBe(0)
        expect({ openFiles, handles }).toEqual({ openFiles: before.openFiles, handles: before.handles })
      },
      { timeout: FORGET_LIMIT_MS, interval: 500 },
    )
  }, 120_000)
})
