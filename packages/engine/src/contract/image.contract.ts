import { readdir, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { ContractSandboxes } from './contract-sandboxes.ts'
import { expectCode } from './expect-code.ts'

/** Defines the tests of saved memory; `sandboxes` gives those of the current test. */
export function describeImageContract(sandboxes: () => ContractSandboxes): void {
  test('checkpoint writes an image for root only, says its size and leaves the sandbox frozen', async () => {
    const { engine } = sandboxes().harness
    const spec = sandboxes().newSpec()
    await sandboxes().startCounting(spec)
    await engine.freeze(spec.id)
    const image = join(sandboxes().directory, 'image')
    const { bytes } = await engine.checkpoint(spec.id, image)
    expect(bytes).toBeGreaterThan(0)
    expect(await engine.status(spec.id)).toBe('frozen')
    const names = await readdir(image)
    for (const name of names) expect((await stat(join(image, name))).mode & 0o777).toBe(0o600)
    await engine.thaw(spec.id)
    expect(await sandboxes().ask(spec, 'POST', '/counter')).toBe('2')
  })

  test('restore continues an image under the same id', async () => {
    const { engine } = sandboxes().harness
    const spec = sandboxes().newSpec()
    const image = await sandboxes().checkpointed(spec)
    await engine.destroy(spec.id)
    await engine.create(spec)
    await engine.restore(spec, image)
    expect(await engine.status(spec.id)).toBe('running')
    expect(await sandboxes().ask(spec, 'POST', '/counter')).toBe('2')
  })

  test('restore continues one image under several other ids, side by side with its origin', async () => {
    const { engine } = sandboxes().harness
    const origin = sandboxes().newSpec()
    const image = await sandboxes().checkpointed(origin)
    const clones = [sandboxes().newSpec(), sandboxes().newSpec()]
    for (const clone of clones) {
      await engine.create(clone)
      await engine.restore(clone, image)
    }
    expect(await sandboxes().ask(clones[0]!, 'POST', '/counter')).toBe('2')
    expect(await sandboxes().ask(clones[0]!, 'POST', '/counter')).toBe('3')
    expect(await sandboxes().ask(clones[1]!, 'POST', '/counter')).toBe('2')
    await engine.thaw(origin.id)
    expect(await sandboxes().ask(origin, 'GET', '/counter')).toBe('1')
  })

  test('a restored sandbox can be saved and restored again', async () => {
    const { engine } = sandboxes().harness
    const spec = sandboxes().newSpec()
    let image = await sandboxes().checkpointed(spec)
    for (let round = 2; round <= 3; round++) {
      await engine.destroy(spec.id)
      await engine.create(spec)
      await engine.restore(spec, image)
      expect(await sandboxes().ask(spec, 'POST', '/counter')).toBe(String(round))
      await engine.freeze(spec.id)
      image = join(sandboxes().directory, `image-${round}`)
      await engine.checkpoint(spec.id, image)
    }
  })

  test('restore of a missing or damaged image fails with "engine_failed" and leaves nothing', async () => {
    const { engine } = sandboxes().harness
    const spec = sandboxes().newSpec()
    const image = await sandboxes().checkpointed(spec)
    await engine.destroy(spec.id)
    const names = await readdir(image)
    const sizes = await Promise.all(names.map(async (name) => (await stat(join(image, name))).size))
    const largest = names[sizes.indexOf(Math.max(...sizes))]!
    await truncate(join(image, largest), Math.floor(Math.max(...sizes) / 2))
    for (const broken of [image, join(sandboxes().directory, 'nowhere')]) {
      await engine.create(spec)
      await expectCode(engine.restore(spec, broken), 'engine_failed')
      expect(await engine.status(spec.id)).toBe('absent')
      expect(await sandboxes().harness.leftovers(spec.id)).toEqual([])
    }
    await sandboxes().startCounting(spec)
  })
}
