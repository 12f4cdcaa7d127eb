import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { SandboxSpec } from '../engine.ts'
import { makeGvisorHarness, type GvisorHarness } from '../testing/gvisor-harness.ts'
import { findTestAssets } from '../testing/test-assets.ts'

const assets = findTestAssets()

describe('a boot that is watched', () => {
  let harness: GvisorHarness
  let spec: SandboxSpec

  beforeEach(async () => {
    harness = await makeGvisorHarness(assets)
    const directory = join(harness.directory, 'watched')
    spec = {
      id: 'watched',
      directory,
      upperDirectory: join(directory, 'upper'),
      workDirectory: join(directory, 'work'),
      hostname: 'watched',
      network: { slot: 0 },
      limits: { memoryMb: 256, cpuCount: 1 },
      ...harness.sources,
    }
  })
  afterEach(() => harness[Symbol.asyncDispose]())

  const daemon = (script: string): Promise<void> => writeFile(join(spec.guestDirectory, 'daemon.mjs'), script)

  test('tells the exit status and the end of the output, and leaves nothing', async () => {
    await daemon(
      `process.stdout.write('x'.repeat(20000)); process.stderr.write('\\nlast words\\n', () => process.exit(42))`,
    )
    const { exitStatus, output } = await harness.engine.watchBoot(spec, 30_000)
    expect(exitStatus).toBe(42)
    expect(output).toMatch(/^x+\nlast words\n$/)
    expect(output).toHaveLength(8192)
    expect(await harness.leftovers(spec.id)).toEqual([])
  })

  test('is over after the time that was given, whatever runs', async () => {
    await daemon(`process.stdout.write('up\\n'); setInterval(() => {}, 1000)`)
    expect(await harness.engine.watchBoot(spec, 4_000)).toEqual({ output: 'up\n' })
    expect(await harness.leftovers(spec.id)).toEqual([])
  })

  test('fails with the reason when it cannot begin', async () => {
    await writeFile(join(spec.layers[0] ?? '', '.drowse'), 'a file where the guest runtime goes')
    await expect(harness.engine.watchBoot(spec, 30_000)).rejects.toMatchObject({ code: 'engine_failed' })
    expect(await harness.leftovers(spec.id)).toEqual([])
  })
})
