import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { PassThrough, type Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { DrowseError } from '@drowse/protocol'

/** First bytes of compressed files, in hex, with what reads them. */
const DECOMPRESSORS: readonly (readonly [magic: string, make: () => Transform])[] = [
  ['1f8b', () => createGunzip()],
  ['28b52ffd', () => createZstdDecompress()],
]
/** First bytes of xz and bzip2, which Node does not read. */
const UNKNOWN_COMPRESSION = ['fd377a585a', '425a68']

/**
 * Writes the tar archive at `from`, plain or compressed by gzip or zstd, to `to` without compression. Resolves with the SHA-256 of `from` in hex.
 * Throws "invalid_argument" when it is compressed in another way, damaged, or has not the SHA-256 `expected`.
 */
export async function writePlainArchive(
  from: string,
  to: string,
  options: { expected?: string; signal: AbortSignal },
): Promise<string> {
  const magic = await firstBytes(from)
  if (UNKNOWN_COMPRESSION.some((known) => magic.startsWith(known))) {
    throw unusable(from, 'it is compressed by xz or bzip2: use gzip, zstd or none')
  }
  const make = DECOMPRESSORS.find(([known]) => magic.startsWith(known))?.[1]
  const hash = createHash('sha256')
  const source = createReadStream(from)
  source.on('data', (chunk) => hash.update(chunk))
  try {
    await pipeline(source, make?.() ?? new PassThrough(), createWriteStream(to), { signal: options.signal })
  } catch (error) {
    options.signal.throwIfAborted()
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw error
    throw unusable(from, 'it is damaged', error)
  }
  const sha256 = hash.digest('hex')
  if (options.expected !== undefined && options.expected !== sha256) {
    throw unusable(from, `its SHA-256 is ${sha256}, not ${options.expected}`)
  }
  return sha256
}

async function firstBytes(path: string): Promise<string> {
  await using file = await open(path, 'r')
  const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 0)
  return buffer.subarray(0, bytesRead).toString('hex')
}

function unusable(path: string, why: string, cause?: unknown): DrowseError {
  return new DrowseError('invalid_argument', `Cannot use the archive "${path}": ${why}`, { cause })
}
