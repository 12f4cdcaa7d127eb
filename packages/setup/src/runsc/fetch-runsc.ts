import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { chmod, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { deadline } from '@drowse/common'
import type { RunscCandidate } from './runsc-candidate.ts'

/** Time, in ms, that the server has for the small checksum file; a host that cannot be reached costs no more than this. */
const CONTACT_TIMEOUT_MS = 4_000
const DOWNLOAD_TIMEOUT_MS = 5 * 60_000
const PROCESSORS: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' }

/** How to fetch with {@link fetchRunsc}. */
export interface FetchRunscOptions {
  /** Folder of a release, as gVisor lays it out: `<url>/<processor>/runsc` and `runsc.sha512`. */
  releaseUrl: string
  /** Folder that the binary is put into. */
  directory: string
  signal: AbortSignal
  report?: (detail: string) => void
}

/** Downloads runsc and checks it against the release's SHA-512. `undefined` when the release cannot be reached or does not match. */
export async function fetchRunsc(options: FetchRunscOptions): Promise<RunscCandidate | undefined> {
  const { releaseUrl, directory, signal, report } = options
  const url = `${releaseUrl}/${PROCESSORS[process.arch] ?? process.arch}/runsc`
  const path = join(directory, 'runsc')
  try {
    const contact = deadline(CONTACT_TIMEOUT_MS, `reach "${url}"`, signal)
    const expected = parseChecksum(await getText(`${url}.sha512`, contact))
    report?.('downloading')
    const actual = await download(url, path, deadline(DOWNLOAD_TIMEOUT_MS, `download "${url}"`, signal))
    if (expected !== actual) throw new Error('checksum differs')
    await chmod(path, 0o755)
    return { path, source: `fetched from ${url}` }
  } catch {
    // A release is only the quickest of several ways; the next one is tried.
    signal.throwIfAborted()
    await rm(path, { force: true })
    return undefined
  }
}

/** The hash out of a `sha512sum` line. */
function parseChecksum(text: string): string | undefined {
  return /^[0-9a-f]{128}\b/.exec(text)?.[0]
}

async function getText(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal })
  if (!response.ok) throw new Error(`status ${response.status}`)
  return response.text()
}

async function download(url: string, path: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal })
  if (!response.ok || response.body === null) throw new Error(`status ${response.status}`)
  const hash = createHash('sha512')
  await pipeline(
    Readable.fromWeb(response.body),
    async function* (source: AsyncIterable<Uint8Array>) {
      for await (const chunk of source) {
        hash.update(chunk)
        yield chunk
      }
    },
    createWriteStream(path),
    { signal },
  )
  return hash.digest('hex')
}
