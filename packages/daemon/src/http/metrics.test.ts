import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { CpuMeter, parseMemory } from './metrics.ts'

it('CpuMeter gives the busy share between two calls, never outside 0 to 100', async () => {
  const root = await mkdtemp(join(tmpdir(), 'drowse-metrics-'))
  try {
    await mkdir(join(root, 'proc'))
    const set = (line: string): Promise<void> => writeFile(join(root, 'proc/stat'), `cpu  ${line}\ncpu0 1 1 1 1\n`)
    const meter = new CpuMeter(root)
    await set('100 0 50 850 0 0 0 0 0 0')
    expect(meter.usedPercent()).toBe(15)
    await set('150 0 50 900 0 0 0 0 0 0')
    expect(meter.usedPercent()).toBe(50)
    expect(meter.usedPercent()).toBe(0)
    // A sandbox that was restored may count from an earlier time.
    await set('10 0 5 85 0 0 0 0 0 0')
    expect(meter.usedPercent()).toBe(0)
    await set('11 0 5 87 10 0 0 0 0 0')
    expect(meter.usedPercent()).toBe(7.69)
  } finally {
    await rm(root, { recursive: true })
  }
})

it('parseMemory() leaves caches out of what is used', () => {
  const text =
    'MemTotal: 1000 kB\nMemFree:  600 kB\nMemAvailable: 900 kB\nBuffers: 50 kB\nCached: 150 kB\nSReclaimable: 20 kB\n'
  expect(parseMemory(text)).toEqual({ total: 1_024_000, used: 180 * 1024, cache: 170 * 1024 })
})
