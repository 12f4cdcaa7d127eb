import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { countSandboxes } from './sandbox-counts.ts'

describe('countSandboxes()', () => {
  let server: Server
  let http: string
  beforeEach(async () => {
    server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://x')
      if (request.headers['x-api-key'] !== 'key') return response.writeHead(401).end()
      const isPaused = url.searchParams.get('state') === 'paused'
      const isFirst = url.searchParams.get('nextToken') === null
      if (isPaused && isFirst) response.setHeader('x-next-token', 'two')
      return response.end(JSON.stringify(isPaused ? [{}, {}] : [{}]))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    http = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  it('adds up every page of every state', async () => {
    const addresses = { http, https: '', domain: '' }
    expect(await countSandboxes({ addresses, apiKey: 'key' })).toEqual({ running: 1, paused: 4 })
  })

  it('says what the service answered when it refuses', async () => {
    const addresses = { http, https: '', domain: '' }
    await expect(countSandboxes({ addresses, apiKey: 'other' })).rejects.toThrow('401')
  })
})
