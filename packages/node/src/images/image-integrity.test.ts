import { readFile, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { SandboxId } from '@drowse/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sandboxFolder } from '../sandbox-folder.ts'
import type { SandboxNode } from '../sandbox-node.ts'
import { createRequest, NodeFixture } from '../testing/node-fixture.ts'
import { checkImage } from './check-image.ts'
import { hashSmallFile } from './hash-files.ts'
import { findImageManifest } from './image-manifest.ts'

const init = { envVars: {} }

describe('SandboxNode hashes saved memory', () => {
  let machine: NodeFixture
  let node: SandboxNode
  let id: SandboxId
  let image: string
  /** The file that the fake engine writes. */
  let file: string

  beforeEach(async () => {
    machine = await NodeFixture.make()
    machine.settings = { frozenMemoryMb: 0, poolSize: 0 }
    node = await machine.startNode()
    const request = createRequest()
    id = request.id
    await node.create(request)
    await node.pause(id, { memory: true })
    image = sandboxFolder(machine.folder, id).image
    file = join(image, 'memory.json')
  })
  afterEach(() => machine[Symbol.asyncDispose]())

  it('behind the pause, in both manifests', async () => {
    await hashed()
    const sha256 = await hashSmallFile(file)
    expect((await findImageManifest(image))?.files).toMatchObject([{ name: 'memory.json', sha256 }])
    expect(await readFile(sandboxFolder(machine.folder, id).manifest, 'utf8')).toContain(sha256)
    expect(await node.verify(id)).toBeUndefined()
  })

  it('at the next start when the service ended before', async () => {
    await node[Symbol.asyncDispose]()
    node = await machine.startNode()
    await hashed()
    expect((await findImageManifest(image))?.files[0]?.sha256).toBeDefined()
  })

  it('a wake refuses a small file of the same size with another content', async () => {
    await hashed()
    await damageQuietly()
    expect(await node.resume(id, { init, memory: true })).toEqual({
      tier: 'files',
      isCold: true,
      coldReason: 'the saved memory is damaged: "memory.json" has not its content',
    })
  })

  it('a wake refuses a file that was written since, unless its hash is known and right', async () => {
    const manifest = (await findImageManifest(image))!
    await utimes(file, 1, 1)
    const check = async (): Promise<string | undefined> =>
      (await checkImage(image, manifest.engine, manifest.generation)).reason
    expect(await check()).toMatch(/was written after the pause/)
    await hashed()
    expect(await check()).toBeUndefined()
  })

  it('verify() keeps the damage that it finds, so that later wakes refuse the image without reading it', async () => {
    await hashed()
    await damageQuietly()
    expect(await node.verify(id)).toMatch(/"memory.json" has not its content$/)
    await node[Symbol.asyncDispose]()
    node = await machine.startNode()
    expect(await node.verify(id)).toMatch(/damaged/)
    expect(await node.resume(id, { init, memory: true })).toMatchObject({ isCold: true })
    expect(await node.verify(id)).toBeUndefined()
  })

  async function hashed(): Promise<void> {
    await machine.clock.advance(2_000)
    await node.settled()
  }

  async function damageQuietly(): Promise<void> {
    const { atime, mtime } = await stat(file)
    await writeFile(file, 'x'.repeat((await readFile(file)).length))
    await utimes(file, atime, mtime)
  }
})
