import { copyFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDirectory, exec } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'
import { z } from 'zod'
import { removeTree } from '../host/remove-tree.ts'
import { tiedCommand } from '../host/tied-command.ts'
import { setupError } from '../setup-error.ts'
import { goToolchain } from './go-toolchain.ts'
import type { RunscCandidate } from './runsc-candidate.ts'

/** The gVisor that Drowse is tested with. */
const MODULE = 'gvisor.dev/gvisor'
const VERSION = 'v0.0.0-20260701204157-69c2d17aea96'
/** What {@link buildRunsc} calls its result; a build of another recipe is called otherwise. */
export const BUILD_SOURCE = `built from ${MODULE}/runsc@${VERSION}, with its seccomp filters`
/** Of gVisor's source, what registers filters that were compiled ahead. */
const FILTER_REGISTRY = 'runsc/boot/filter/filter_precompiled.go'
/** Cold, with downloads, this takes two minutes on two cores. */
const BUILD_TIMEOUT_MS = 20 * 60_000
/** About how many packages are compiled; only for the progress shown. */
const PACKAGE_COUNT = 480

/** How to build with {@link buildRunsc}. */
export interface BuildRunscOptions {
  path: string | undefined
  /** Folder for toolchain, modules, caches and result. A second try after an interruption goes on from there; the caller removes it. */
  directory: string
  signal: AbortSignal
  report: (detail: string) => void
}

/**
 * Builds runsc from source with Go, with the filters compiled ahead that gVisor's own build puts into its releases. Throws "setup_failed" when
 * that cannot be done.
 */
export async function buildRunsc(options: BuildRunscOptions): Promise<RunscCandidate> {
  const { directory, signal, report } = options
  await ensureDirectory(directory)
  const toolchain = await goToolchain(options)
  const module = join(directory, 'module')
  const binary = join(directory, 'runsc')
  let compiled = 0
  const go = async (cwd: string, ...args: readonly string[]): Promise<string> => {
    const { stdout } = await exec(...tiedCommand(toolchain.path, args), {
      cwd,
      env: goEnvironment(directory),
      timeoutMs: BUILD_TIMEOUT_MS,
      signal,
      onLine: (line) => {
        // With -v each package that is compiled has a line of its own.
        if (/^[\w.-]+(\/[\w.-]+)*$/.test(line)) report(`compiled ${++compiled} of about ${PACKAGE_COUNT} packages`)
      },
    })
    return stdout
  }
  try {
    report('fetching the sources')
    const { Dir } = moduleSchema.parse(
      JSON.parse(await go(directory, 'mod', 'download', '-json', `${MODULE}@${VERSION}`)),
    )
    await makeModule(module)
    await copySources(Dir, join(module, 'gvisor'), signal)
    await go(module, 'build', '-v', '-trimpath', '-o', join(module, 'compile-filters'), '.')
    await exec(...tiedCommand(join(module, 'compile-filters'), [join(module, 'gvisor', FILTER_REGISTRY)]), { signal })
    await go(module, 'build', '-v', '-trimpath', '-ldflags=-s -w', '-o', binary, `${MODULE}/runsc`)
  } catch (error) {
    signal.throwIfAborted()
    throw buildError(error)
  }
  return { path: binary, source: `${BUILD_SOURCE}, go ${toolchain.version}` }
}

const moduleSchema = z.object({ Dir: z.string() })

function goEnvironment(directory: string): Record<string, string> {
  return {
    CGO_ENABLED: '0',
    GOCACHE: join(directory, 'cache'),
    // Writes the checksums of what gVisor needs by itself.
    GOFLAGS: '-mod=mod',
    GOPATH: join(directory, 'gopath'),
    GOMODCACHE: join(directory, 'gopath', 'pkg', 'mod'),
    GOROOT: '',
    GOTOOLCHAIN: 'local',
    GOWORK: 'off',
  }
}

/** A module of our own around a copy of gVisor: the module cache is not to be changed. */
async function makeModule(module: string): Promise<void> {
  await removeTree(module)
  await ensureDirectory(module)
  await writeFile(
    join(module, 'go.mod'),
    `module drowse\n\ngo 1.26.3\n\nrequire ${MODULE} ${VERSION}\n\nreplace ${MODULE} => ./gvisor\n`,
  )
  await copyFile(join(import.meta.dirname, 'compile-filters', 'main.go'), join(module, 'main.go'))
}

async function copySources(from: string, to: string, signal: AbortSignal): Promise<void> {
  await exec('cp', ['-r', '--', from, to], { signal })
  await exec('chmod', ['-R', 'u+w', '--', to], { signal })
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
