import { setTimeout as sleep } from 'node:timers/promises'
import { tell } from '../tell.ts'
import { churn, CHURN_KINDS, type ChurnKind } from './churn.ts'
import type { GatewayUse } from './gateway-use.ts'
import type { Pair } from './pair.ts'

/** Connections of one kind at once. */
const LANES = 8
/** How often each kind is done in one round: those that are over in no time do not take the machine from the others. */
const ROUND = 40
/** How often the gateway is looked at behind the warm-up. */
const POINTS = 10
/** Before a look nothing is asked for so long, in ms: connections to a server are kept for 4 s, and a refused one lingers for 5. */
const REST_MS = 6_000

/**
 * Lets all kinds of short connections come for `durationMs`, after a warm-up of two fifths of that, and looks at the gateway's process at regular points while nothing is open.
 * Gives a table with a line a point.
 */
export async function measureChurn(pair: Pair, durationMs: number): Promise<string[]> {
  const kinds = Object.keys(CHURN_KINDS) as ChurnKind[]
  const total = new Map<ChurnKind, number>()
  const lines: string[] = []
  const look = async (name: string): Promise<GatewayUse> => {
    await sleep(REST_MS)
    const use = await pair.use()
    const done = [...total.values()].reduce((sum, count) => sum + count, 0)
    const { kept, ...held } = use.held
    const open = Object.values(held).reduce((sum, count) => sum + count, 0)
    lines.push(
      `| ${name} | ${done} | ${mb(use.heapBytes)} | ${mb(use.externalBytes)} | ${mb(use.rssBytes)} | ${use.openFiles} | ${use.handles} | ${open} | ${kept} |`,
    )
    return use
  }
  const stir = async (lengthMs: number): Promise<void> => {
    const untilMs = performance.now() + lengthMs
    while (performance.now() < untilMs) {
      const options = { lanes: LANES, goesOn: (begun: number) => begun < ROUND }
      const counts = await Promise.all(kinds.map(async (kind) => churn(pair.target, kind, options)))
      for (const [i, kind] of kinds.entries()) total.set(kind, (total.get(kind) ?? 0) + (counts[i] ?? 0))
    }
  }
  await look('before')
  tell('churn: warm-up')
  await stir((durationMs / 5) * 2)
  const first = await look('warm')
  for (let point = 1; point <= POINTS; point++) {
    tell(`churn: ${point} of ${POINTS}`)
    await stir(durationMs / POINTS)
    await look(`${((durationMs / 60_000 / POINTS) * point).toFixed(1)} min`)
  }
  const last = await pair.use()
  return [
    '| | connections and sessions so far | heap MB | buffers MB | RSS MB | open files | handles | held | kept for sandboxes |',
    '|---|---|---|---|---|---|---|---|---|',
    ...lines,
    '',
    `From warm to the end: heap ${change(first.heapBytes, last.heapBytes)} MB, RSS ${change(first.rssBytes, last.rssBytes)} MB, ${last.openFiles - first.openFiles} open files. Each of the ${kinds.length} kinds: ${total.get(kinds[0] ?? 'request, connection closed')}.`,
  ]
}

function mb(bytes: number): string {
  return (bytes / 1e6).toFixed(1)
}

function change(before: number, after: number): string {
  return `${after < before ? '' : '+'}${mb(after - before)}`
}
