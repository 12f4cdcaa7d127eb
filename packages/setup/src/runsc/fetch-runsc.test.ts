import { createHash } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { mkdtemp, readFile, readdir, rm, stat } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { fetchRunsc } from './fetch-runsc.ts'

const BINARY = Buffer.from('not really runsc')
const signal = new AbortController().signal

describe('fetchRunsc()', () => {
  let directory: string
  let server: Server
  let releaseUrl: string
  let checksum: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'drowse-fetch-'))
    checksum = createHash('sha512').update(BINARY).digest('hex')
    server = createServer((request, response) => {
      if (request.url === '/release/x86_64/runsc') response.end(BINARY)
      else if (request.url === '/release/x86_64/runsc.sha512') response.end(`${checksum}  runsc\n`)
      else response.writeHead(404).end()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    releaseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/release`
  })
  afterEach(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await rm(directory, { recursive: true })
  })

  it('gives an executable file whose checksum matches', async () => {
    const fetched = await fetchRunsc({ releaseUrl, directory, signal })
    expect(await readFile(fetched!.path)).toEqual(BINARY)
    expect((await stat(fetched!.path)).mode & 0o777).toBe(0o755)
    expect(fetched!.source).toContain(releaseUrl)
  })

  it('gives nothing and leaves nothing when the checksum differs', async () => {
    checksum = '0'.repeat(128)
    expect(await fetchRunsc({ releaseUrl, directory, signal })).toBeUndefined()
    expect(await readdir(directory)).toEqual([])
  })

  it('gives nothing when the release is not there', async () => {
    expect(await fetchRunsc({ releaseUrl: `${releaseUrl}/gone`, directory, signal })).toBeUndefined()
  })
})
