import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { DrowseError } from '@drowse/protocol'
import { z } from 'zod'

/** A pointer to a blob of the layout. */
const descriptorSchema = z.object({
  mediaType: z.string(),
  digest: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  platform: z.object({ os: z.string(), architecture: z.string() }).optional(),
})
const indexSchema = z.object({ manifests: z.array(descriptorSchema).min(1) })
const manifestSchema = z.object({ layers: z.array(descriptorSchema).min(1) })

type Descriptor = z.infer<typeof descriptorSchema>

/** Deepest nesting of indexes that is followed. */
const MAX_DEPTH = 4

/** One layer of an image: an archive, perhaps compressed. */
export interface ImageLayer {
  /** Absolute path of the blob. */
  path: string
  /** SHA-256 that the blob must have, in hex. */
  sha256: string
}

/** An image in an OCI layout folder. */
export interface OciImage {
  /** SHA-256 of its manifest, in hex; names the image. */
  sha256: string
  /** Bottom layer first. */
  layers: ImageLayer[]
}

/**
 * Reads the image for linux/amd64 of an OCI layout folder, as `skopeo copy … oci:<folder>` writes one. The manifest's digest is checked;
 * the layers' are the unpacker's to check. Throws "invalid_argument" that says what is wrong with the folder.
 */
export async function readOciLayout(directory: string): Promise<OciImage> {
  const index = await parse(directory, 'index.json', indexSchema, readFile(join(directory, 'index.json'), 'utf8'))
  const { digest } = await pickManifest(directory, index.manifests, 0)
  const manifest = await readBlob(directory, digest, manifestSchema)
  const layers = manifest.layers.map((layer) => {
    const sha256 = hexOf(layer.digest)
    return { path: blobPath(directory, sha256), sha256 }
  })
  return { sha256: hexOf(digest), layers }
}

async function pickManifest(directory: string, found: readonly Descriptor[], depth: number): Promise<Descriptor> {
  const fitting = found.find(({ platform }) => platform?.os === 'linux' && platform.architecture === 'amd64')
  const chosen = fitting ?? found.find(({ platform }) => platform === undefined)
  if (chosen === undefined || depth > MAX_DEPTH) throw unusable(directory, 'it holds no image for linux/amd64')
  if (!/index|manifest\.list/.test(chosen.mediaType)) return chosen
  const nested = await readBlob(directory, chosen.digest, indexSchema)
  return await pickManifest(directory, nested.manifests, depth + 1)
}

async function readBlob<T>(directory: string, digest: string, schema: z.ZodType<T>): Promise<T> {
  const text = readFile(blobPath(directory, hexOf(digest)), 'utf8')
  const value = await parse(directory, digest, schema, text)
  const hash = createHash('sha256').update(await text)
  if (hash.digest('hex') === hexOf(digest)) return value
  throw unusable(directory, `${digest} has other content than its name says`)
}

async function parse<T>(directory: string, what: string, schema: z.ZodType<T>, text: Promise<string>): Promise<T> {
  try {
    return schema.parse(JSON.parse(await text))
  } catch (error) {
    throw unusable(directory, `${what} cannot be read`, error)
  }
}

function blobPath(directory: string, sha256: string): string {
  return join(directory, 'blobs', 'sha256', sha256)
}

function hexOf(digest: string): string {
  return digest.slice('sha256:'.length)
}

function unusable(directory: string, why: string, cause?: unknown): DrowseError {
  return new DrowseError('invalid_argument', `Cannot use the OCI layout "${directory}": ${why}`, { cause })
}
