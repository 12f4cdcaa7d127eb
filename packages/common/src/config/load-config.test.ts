import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from './load-config.ts'

describe('loadConfig()', () => {
  let data: string
  beforeEach(async () => {
    data = await mkdtemp(join(tmpdir(), 'drowse-config-'))
  })
  afterEach(() => rm(data, { recursive: true }))

  it('fills in every default', () => {
    expect(loadConfig({ env: {} })).toMatchObject({
      dataDirectory: '/var/lib/drowse',
      httpPort: 3210,
      domain: 'drowse.localhost',
    })
  })

  it('takes flags over variables over the file', async () => {
    await writeFile(join(data, 'drowse.json'), JSON.stringify({ httpPort: 1, httpsPort: 2, memoryMb: 512 }))
    const config = loadConfig({
      env: { DROWSE_DATA: data, DROWSE_HTTP_PORT: '10', DROWSE_HTTPS_PORT: '20' },
      flags: { httpPort: 100 },
    })
    expect(config).toMatchObject({ httpPort: 100, httpsPort: 20, memoryMb: 512 })
  })

  it('names the variable whose value is out of range', () => {
    expect(() => loadConfig({ env: { DROWSE_HTTP_PORT: 'eighty' } })).toThrow(/httpPort.*DROWSE_HTTP_PORT/)
  })

  it('refuses a key that does not exist', async () => {
    await writeFile(join(data, 'drowse.json'), JSON.stringify({ htttpPort: 1 }))
    expect(() => loadConfig({ env: { DROWSE_DATA: data } })).toThrow(/htttpPort/)
  })

  it('names a file that is not JSON', async () => {
    await writeFile(join(data, 'drowse.json'), '{')
    expect(() => loadConfig({ env: { DROWSE_DATA: data } })).toThrow(/drowse.json.*not valid JSON/)
  })
})
