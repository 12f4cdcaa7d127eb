import type { Api } from './api.ts'
import type { SandboxRouteDependencies } from './sandbox-route-dependencies.ts'

/** Sandboxes that are asked for at once. */
const PAGE = 100

/** `GET /metrics`: counters of the team's sandboxes, running or paused, in the text format of Prometheus. Wakes nothing. */
export function prometheus(api: Api, { sandboxes }: SandboxRouteDependencies): void {
  api.get('/metrics', async (request, reply) => {
    const sent: string[] = []
    const received: string[] = []
    let token: string | undefined
    do {
      const states = ['running', 'paused'] as const
      const more = token === undefined ? {} : { token }
      const page = await sandboxes.list({
        teamId: request.teamId,
        states,
        limit: PAGE,
        order: 'desc',
        metadata: {},
        ...more,
      })
      for (const { sandbox } of page.sandboxes) {
        const traffic = await sandboxes.traffic(sandbox)
        if (traffic === undefined) continue
        const labels = `{sandbox_id="${sandbox.id}"}`
        sent.push(`drowse_sandbox_network_sent_bytes_total${labels} ${traffic.sentBytes}`)
        received.push(`drowse_sandbox_network_received_bytes_total${labels} ${traffic.receivedBytes}`)
      }
      token = page.nextToken
    } while (token !== undefined)
    return await reply
      .type('text/plain; version=0.0.4; charset=utf-8')
      .send(
        [
          '# HELP drowse_sandbox_network_sent_bytes_total Bytes that a sandbox has sent over its link in all its runs.',
          '# TYPE drowse_sandbox_network_sent_bytes_total counter',
          ...sent,
          '# HELP drowse_sandbox_network_received_bytes_total Bytes that a sandbox has received over its link in all its runs.',
          '# TYPE drowse_sandbox_network_received_bytes_total counter',
          ...received,
          '',
        ].join('\n'),
      )
  })
}
