import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { DrowseError } from '@drowse/protocol'
import { exec } from '@drowse/common'
import { setupError } from '../setup-error.ts'
import { findOnPath } from './find-on-path.ts'

const LISTS = '/var/lib/apt/lists'
/** Package lists older than this, in ms, are fetched again before an install: mirrors drop old versions. */
const LISTS_MAX_AGE_MS = 24 * 60 * 60 * 1000
/** Longest wait, in seconds, for another program that holds the package database. */
const LOCK_WAIT_S = 300
const INSTALL_TIMEOUT_MS = 15 * 60_000

/** Names out of `wanted` that dpkg does not have installed. */
export async function missingPackages(wanted: readonly string[]): Promise<string[]> {
  if (findOnPath('dpkg-query', undefined).length === 0) return [...wanted]
  const { stdout } = await exec('dpkg-query', ['--show', '--showformat=${Package} ${db:Status-Status}\n'])
  return notInstalled(wanted, stdout)
}

/** Compares names with lines of `<package> <status>`. */
export function notInstalled(wanted: readonly string[], listing: string): string[] {
  const installed = new Set(
    listing
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  )
  return wanted.filter((name) => !installed.has(name))
}

/**
 * Installs Debian packages with one apt-get run, fetching the package lists first when they are old or absent.
 * It runs in a session of its own and is never cut short, so an interrupted setup leaves no half-configured packages.
 */
export async function aptInstall(packages: readonly string[], report: (detail: string) => void): Promise<void> {
  if (findOnPath('apt-get', undefined).length === 0) {
    throw setupError(`Cannot install ${packages.join(', ')}: this system has no apt-get`, {
      hint: 'Use Debian 12 or Ubuntu 22.04 or newer, or install these programs yourself.',
    })
  }
  report('finishing earlier installs')
  await exec('setsid', ['--wait', 'dpkg', '--configure', '-a'], { env: APT_ENV, timeoutMs: INSTALL_TIMEOUT_MS })
  const isFresh = (await listsAgeMs()) < LISTS_MAX_AGE_MS
  if (!isFresh) await update(report)
  try {
    await install(packages, report)
  } catch (error) {
    if (!isFresh) throw installError(packages, error)
    await update(report)
    await install(packages, report).catch((again: unknown) => {
      throw installError(packages, again)
    })
  }
}

const APT_ENV = { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_SUSPEND: '1', LC_ALL: 'C.UTF-8' }
const APT_OPTIONS = ['-o', `DPkg::Lock::Timeout=${LOCK_WAIT_S}`, '-o', 'Acquire::Retries=2', '-o', 'Dpkg::Use-Pty=0']

async function update(report: (detail: string) => void): Promise<void> {
  report('fetching package lists')
  try {
    await exec('setsid', ['--wait', 'apt-get', ...APT_OPTIONS, 'update'], {
      env: APT_ENV,
      timeoutMs: INSTALL_TIMEOUT_MS,
    })
  } catch {
    // One unreachable source among several does not matter; when it does, the install that follows says so.
  }
}

async function install(packages: readonly string[], report: (detail: string) => void): Promise<void> {
  const args = ['install', '--yes', '--no-install-recommends', ...packages]
  await exec('setsid', ['--wait', 'apt-get', ...APT_OPTIONS, ...args], {
    env: APT_ENV,
    timeoutMs: INSTALL_TIMEOUT_MS,
    onLine: (line) => {
      const match = /^(Get:\d+|Unpacking|Setting up) (.*)$/.exec(line)
      if (match !== null) report(`${match[1]?.startsWith('Get') === true ? 'fetching' : line.split(' (')[0]}`)
    },
  })
}

function installError(packages: readonly string[], error: unknown): DrowseError {
  const text = DrowseError.from(error).message
  const sentence = `Cannot install the packages ${packages.join(', ')}`
  const detail = text.slice(-1_500)
  if (/No space left/.test(text)) {
    return setupError(`${sentence}: the disk is full`, {
      hint: 'Free disk space, then run this again.',
      detail,
      cause: error,
    })
  }
  if (/Could not (get lock|open lock)|Unable to acquire/.test(text)) {
    return setupError(`${sentence}: another program holds the package database`, {
      hint: 'Wait for it (often unattended-upgrades) to end, then run this again.',
      detail,
      cause: error,
    })
  }
  if (/Temporary failure resolving|Could not resolve|Could not connect|Failed to fetch|Unable to locate/.test(text)) {
    return setupError(`${sentence}: the package mirror cannot be reached or does not have them`, {
      hint: 'Check the network and the sources under /etc/apt, try "apt-get update", then run this again.',
      detail,
      cause: error,
    })
  }
  return setupError(sentence, { hint: `Try "apt-get install ${packages.join(' ')}" by hand.`, detail, cause: error })
}

async function listsAgeMs(): Promise<number> {
  const names = await readdir(LISTS).catch(() => [])
  let newestMs = 0
  for (const name of names.filter((entry) => /_(Packages|InRelease|Release)/.test(entry))) {
    const info = await stat(join(LISTS, name))
    newestMs = Math.max(newestMs, info.mtimeMs, info.ctimeMs)
  }
  return Date.now() - newestMs
}
