import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger, systemClock } from '@drowse/common'
import { createGateway, ensureCertificates } from '@drowse/gateway'
import { CLOSED_PORT } from './closed-port.ts'
import type { GatewayUse } from './gateway-use.ts'

/** The gateway alone. Every sandbox runs, and every port but one of each is the port of the first argument. Run by `fork`, with `--expose-gc`. */
const port = Number(process.argv[2])
const folder = await mkdtemp(join(tmpdir(), 'drowse-bench-gateway-'))
const tls = await ensureCertificates({
  tlsDirectory: join(folder, 'tls'),
  secretsDirectory: join(folder, 'secrets'),
  domain: 'drowse.localhost',
  clock: systemClock,
})
await rm(folder, { recursive: true })
const gateway = createGateway({
  routes: {
    resolve: async () => Promise.resolve({ kind: 'running', access: {}, generation: 1 }),
    findSigner: async () => Promise.resolve(undefined),
    wake: async () => Promise.resolve(),
    // Nothing listens on port 1 of this machine.
    endpoint: async (_id, wanted) => Promise.resolve({ host: '127.0.0.1', port: wanted === CLOSED_PORT ? 1 : port }),
    connectionChanged: () => {},
  },
  api: (_request, response) => response.end(),
  domain: 'drowse.localhost',
  bindAddresses: ['127.0.0.1'],
  httpPort: 0,
  httpsPort: 0,
  tls,
  limits: { maxConnections: 0, requestsPerSecond: 0 },
  trustedHops: 0,
  logger: silentLogger,
})
const { httpPort, httpsPort } = await gateway.listen()
process.on('message', (message) => {
  if (message === 'reset peak') {
    // What /proc tells as the most memory that was resident begins anew (proc(5), clear_refs).
    writeFileSync('/proc/self/clear_refs', '5')
  } else {
    process.send?.(use())
  }
})
// Whoever started it is gone.
process.once('disconnect', () => process.exit())
process.send?.({ port: httpPort, httpsPort })

function use(): GatewayUse {
  // The second collection takes what the first one's finalizers let go of.
  globalThis.gc?.()
  globalThis.gc?.()
  const { user, system } = process.cpuUsage()
  const { rss, heapUsed, external } = process.memoryUsage()
  return {
    cpuMs: (user + system) / 1000,
    rssBytes: rss,
    peakRssBytes: Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024,
    heapBytes: heapUsed,
    externalBytes: external,
    openFiles: readdirSync('/proc/self/fd').length,
    handles: process.getActiveResourcesInfo().length,
    held: gateway.held(),
  }
}
