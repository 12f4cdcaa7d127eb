import { createServer } from 'node:net'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { exec } from '@drowse/common'
import { describe, expect, inject, it } from 'vitest'
import { drowse } from './support/drowse.ts'

describe('drowse up', () => {
  it('runs one sandbox through its life and says what to do next', () => {
    const output = inject('upOutput')
    for (const word of ['create', 'pause', 'wake', 'kill', 'e2b_', 'eval "$(', inject('clientEnv').E2B_API_URL ?? '']) {
      expect(output.toLowerCase()).toContain(word.toLowerCase())
    }
  })

  it('is harmless when run again', async () => {
    const { stdout } = await drowse(inject('installation'), ['up'])
    expect(stdout).toContain('e2b_')
  })

  it('names a taken port and what to do, and starts nothing', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const { data, env } = inject('installation')
    const other = {
      data: `${data}-other`,
      env: { ...env, DROWSE_DATA: `${data}-other`, DROWSE_HTTP_PORT: String(port) },
    }
    try {
      await expect(drowse(other, ['up'])).rejects.toThrow(new RegExp(`${port}`))
      expect(existsSync(`${data}-other/run/service.json`)).toBe(false)
    } finally {
      taken.close()
      await exec('rm', ['-rf', `${data}-other`])
    }
  })
})

describe('drowse status, doctor, logs, config', () => {
  it('answer for a running service', async () => {
    const installation = inject('installation')
    expect((await drowse(installation, ['status'])).stdout).toMatch(/running/i)
    expect((await drowse(installation, ['doctor'])).stdout).toMatch(/runsc/)
    expect((await drowse(installation, ['logs', '-n', '5'])).stdout).not.toBe('')
    expect((await drowse(installation, ['config', '--print'])).stdout).toContain(installation.data)
  })
})
