import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger, systemClock } from '@drowse/common'
import { createGateway, ensureCertificates } from '@drowse/gateway'

/** The gateway alone, with one sandbox that runs: every port of it is the port of the first argument. Run by `fork`, with `--expose-gc`. */
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
    wake: async () => Promise.resolve(),
    endpoint: async () => Promise.resolve({ host: '127.0.0.1', port }),
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
const { httpPort } = await gateway.listen()
process.on('message', () => {
  globalThis.gc?.()
  const { user, system } = process.cpuUsage()
  process.send?.({ rssBytes: process.memoryUsage.rss(), cpuMs: (user + system) / 1000 })
})
process.send?.({ port: httpPort })
