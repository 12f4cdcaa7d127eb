import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readOciLayout } from './oci-layout.ts'

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'
const INDEX = 'application/vnd.oci.image.index.v1+json'
const AMD64 = { os: 'linux', architecture: 'amd64' }

describe('readOciLayout()', () => {
  let layout: string
  beforeEach(async () => {
    layout = await mkdtemp(join(tmpdir(), 'drowse-oci-'))
    await mkdir(join(layout, 'blobs', 'sha256'), { recursive: true })
  })
  afterEach(() => rm(layout, { recursive: true }))

  async function put(value: object): Promise<string> {
    const text = JSON.stringify(value)
    const hex = createHash('sha256').update(text).digest('hex')
    await writeFile(join(layout, 'blobs', 'sha256', hex), text)
    return `sha256:${hex}`
  }
  async function image(layer: string): Promise<string> {
    return await put({ layers: [{ mediaType: 'x', digest: `sha256:${layer.repeat(64)}` }] })
  }
  async function index(...manifests: object[]): Promise<void> {
    await writeFile(join(layout, 'index.json'), JSON.stringify({ manifests }))
  }

  it('takes the image for linux/amd64, also out of a nested index', async () => {
    const arm = { mediaType: MANIFEST, digest: await image('a'), platform: { os: 'linux', architecture: 'arm64' } }
    const amd = { mediaType: MANIFEST, digest: await image('b'), platform: AMD64 }
    await index(arm, amd)
    expect((await readOciLayout(layout)).layers.map(({ sha256 }) => sha256[0])).toEqual(['b'])
    await index({ mediaType: INDEX, digest: await put({ manifests: [arm, amd] }) })
    const found = await readOciLayout(layout)
    expect(`sha256:${found.sha256}`).toBe(amd.digest)
    expect(found.layers[0]?.path).toBe(join(layout, 'blobs', 'sha256', 'b'.repeat(64)))
  })

  it('refuses what it cannot use, and says why', async () => {
    await expect(readOciLayout(layout)).rejects.toThrow('index.json cannot be read')
    await index({ mediaType: MANIFEST, digest: await image('a'), platform: { os: 'linux', architecture: 'arm64' } })
    await expect(readOciLayout(layout)).rejects.toThrow('no image for linux/amd64')
    const digest = await image('a')
    await writeFile(
      join(layout, 'blobs', 'sha256', digest.slice(7)),
      JSON.stringify({ layers: [{ mediaType: 'x', digest }] }),
    )
    await index({ mediaType: MANIFEST, digest })
    await expect(readOciLayout(layout)).rejects.toThrow('other content than its name says')
    await index({ mediaType: MANIFEST, digest: 'sha256:../../etc/passwd' })
    await expect(readOciLayout(layout)).rejects.toThrow('index.json cannot be read')
  })
})
