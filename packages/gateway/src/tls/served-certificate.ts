import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { repeat, systemClock, type Clock, type Logger } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'
import type { TlsMaterial } from '../door/door-server.ts'

/** How often, in ms, the files are looked at: whoever replaces a certificate waits to see it served. */
const LOOK_EVERY_MS = 2_000

/** Files of the certificate that the https door serves, PEM. */
export interface CertificateFiles {
  /** The certificate, with those between it and its authority behind it. */
  certPath: string
  keyPath: string
}

/** Reads a certificate and its key. Throws "setup_failed" that names the file when one cannot be read, is not PEM, or they do not belong together. */
export async function readCertificate(files: CertificateFiles): Promise<TlsMaterial> {
  const found = await readFiles(files)
  checkMaterial(found, files)
  return found
}

async function readFiles({ certPath, keyPath }: CertificateFiles): Promise<TlsMaterial> {
  return { cert: await readPem(certPath), key: await readPem(keyPath) }
}

function checkMaterial({ cert, key }: TlsMaterial, { certPath, keyPath }: CertificateFiles): void {
  try {
    if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return
  } catch (cause) {
    throw new DrowseError('setup_failed', `Cannot use certificate "${certPath}" with key "${keyPath}": not valid PEM`, {
      cause,
    })
  }
  throw new DrowseError('setup_failed', `Cannot use certificate "${certPath}": the key in "${keyPath}" is not its own`)
}

async function readPem(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new DrowseError('setup_failed', `Cannot read "${path}" for the https door`, { cause })
  }
}

/** Settings of {@link watchCertificate}. */
export interface WatchOptions {
  files: CertificateFiles
  /** What the door serves now. */
  current: TlsMaterial
  /** Takes a certificate that is new and whole. */
  onChange: (tls: TlsMaterial) => void
  logger: Logger
  clock?: Clock
}

/**
 * Looks at a certificate's files every 2 s and hands on what changed. What cannot be used, such as a certificate that was written before its key, is logged once and the
 * door keeps what it has. Disposing ends it.
 */
export function watchCertificate(options: WatchOptions): AsyncDisposable {
  const { files, onChange, logger, clock = systemClock } = options
  let { current } = options
  let problem: string | undefined
  return repeat(clock, LOOK_EVERY_MS, async (ending) => {
    try {
      const found = await readFiles(files)
      const isSame = found.cert === current.cert && found.key === current.key
      // Only what is new is parsed, which takes a millisecond.
      if (!isSame) checkMaterial(found, files)
      problem = undefined
      if (ending.aborted || isSame) return
      current = found
      onChange(found)
      logger.info({ certPath: files.certPath }, 'the https door serves a new certificate')
    } catch (error) {
      const { message } = DrowseError.from(error)
      if (message !== problem) logger.warn({ err: error }, 'the https door keeps the certificate it has')
      problem = message
    }
  })
}
