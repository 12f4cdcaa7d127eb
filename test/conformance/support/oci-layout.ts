import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { exec } from '@drowse/common'

/** Writes an OCI layout whose image has the given folders as layers, the bottom one first. */
export async function writeOciLayout(layout: string, layers: readonly string[]): Promise<void> {
  await mkdir(join(layout, 'blobs', 'sha256'), { recursive: true })
  const put = async (content: Buffer): Promise<{ digest: string; size: number }> => {
    const hex = createHash('sha256').update(content).digest('hex')
    await writeFile(join(layout, 'blobs', 'sha256', hex), content)
    return { digest: `sha256:${hex}`, size: content.length }
  }
  const descriptors: object[] = []
  for (const layer of layers) {
    const archive = `${layer}.tar`
    await exec('tar', ['--create', '--file', archive, '--numeric-owner', '--directory', layer, '.'])
    const blob = await put(gzipSync(await readFile(archive)))
    descriptors.push({ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', ...blob })
  }
  const config = await put(Buffer.from(JSON.stringify({ os: 'linux', architecture: 'amd64' })))
  const manifest = await put(
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        config: { mediaType: 'application/vnd.oci.image.config.v1+json', ...config },
        layers: descriptors,
      }),
    ),
  )
  const platform = { os: 'linux', architecture: 'amd64' }
  const manifests = [{ mediaType: 'application/vnd.oci.image.manifest.v1+json', ...manifest, platform }]
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }))
  await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
}
