import { DrowseError } from '@drowse/protocol'
import type { RunningInstallation } from './installation.ts'

/** States that the list route knows, in the order shown. */
const STATES = ['running', 'paused'] as const
const PAGE_SIZE = 100

/** Counts the sandboxes of the installation's team by state, through the API. */
export async function countSandboxes(
  installation: Pick<RunningInstallation, 'addresses' | 'apiKey'>,
): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const state of STATES) counts[state] = await countState(installation, state)
  return counts
}

async function countState(
  { addresses, apiKey }: Pick<RunningInstallation, 'addresses' | 'apiKey'>,
  state: string,
): Promise<number> {
  let count = 0
  let nextToken: string | null = ''
  while (nextToken !== null) {
    const query = new URLSearchParams({ state, limit: String(PAGE_SIZE), ...(nextToken === '' ? {} : { nextToken }) })
    const response: Response = await fetch(`${addresses.http}/v2/sandboxes?${query.toString()}`, {
      headers: { 'X-API-KEY': apiKey },
      signal: AbortSignal.timeout(10_000),
    })
    if (!response.ok)
      throw new DrowseError('unavailable', `Cannot list sandboxes: the service answered ${response.status}`)
    const page = (await response.json()) as unknown[] // the route's contract (wire.md §1.2)
    count += page.length
    nextToken = response.headers.get('x-next-token') || null
  }
  return count
}
