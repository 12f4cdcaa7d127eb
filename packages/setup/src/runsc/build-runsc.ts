import { join } from 'node:path'
import { ensureDirectory, exec } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'
import { tiedCommand } from '../host/tied-command.ts'
import { setupError } from '../setup-error.ts'
import { goToolchain } from './go-toolchain.ts'
import type { RunscCandidate } from './runsc-candidate.ts'

/** The gVisor that Drowse is tested with. */
const MODULE = 'gvisor.dev/gvisor/runsc@v0.0.0-20260701204157-69c2d17aea96'
/** Cold, with downloads, this takes one and a half minutes on two cores. */
const BUILD_TIMEOUT_MS = 20 * 60_000
/** About how many packages are compiled; only for the progress shown. */
const PACKAGE_COUNT = 470

/** How to build with {@link buildRunsc}. */
export interface BuildRunscOptions {
  path: string | undefined
  /** Folder for toolchain, modules, caches and result. A second try after an interruption goes on from there; the caller removes it. */
  directory: string
  signal: AbortSignal
  report: (detail: string) => void
}

/** Builds runsc from source with Go. Throws "setup_failed" when that cannot be done. */
export async function buildRunsc(options: BuildRunscOptions): Promise<RunscCandidate> {
  const { directory, signal, report } = options
  await ensureDirectory(directory)
  const go = await goToolchain(options)
  const bin = join(directory, 'bin')
  let compiled = 0
  report('fetching the sources')
  try {
    await exec(...tiedCommand(go.path, ['install', '-v', '-trimpath', '-ldflags=-s -w', MODULE]), {
      cwd: directory,
      env: {
        CGO_ENABLED: '0',
        GOBIN: bin,
        GOCACHE: join(directory, 'cache'),
        GOFLAGS: '',
        GOPATH: join(directory, 'gopath'),
        GOMODCACHE: join(directory, 'gopath', 'pkg', 'mod'),
        GOROOT: '',
        GOTOOLCHAIN: 'local',
      },
      timeoutMs: BUILD_TIMEOUT_MS,
      signal,
      onLine: (line) => {
        if (line.startsWith('go: ')) return
        report(`compiled ${++compiled} of about ${PACKAGE_COUNT} packages`)
      },
    })
  } catch (error) {
    signal.throwIfAborted()
    throw buildError(error)
  }
  return { path: join(bin, 'runsc'), source: `built from ${MODULE} with go ${go.version}` }
}

function buildError(error: unknown): DrowseError {
  const detail = DrowseError.from(error).message.slice(-1_500)
  if (/no space left/i.test(detail)) {
    return setupError('Cannot build runsc: the disk is full', {
      hint: 'Free 3 GB under the data folder, then run this again.',
      detail,
      cause: error,
    })
  }
  if (/dial tcp|i\/o timeout|no such host|connection refused|TLS handshake/.test(detail)) {
    return setupError('Cannot build runsc: the Go module proxy cannot be reached', {
      hint: 'Check the network (and GOPROXY), or put a recent runsc on PATH; then run this again.',
      detail,
      cause: error,
    })
  }
  return setupError('Cannot build runsc', {
    hint: 'Put a recent runsc on PATH, then run this again.',
    detail,
    cause: error,
  })
}
