/**
 * Adds to package-lock.json the optional packages of other platforms that it lacks.
 *
 * npm leaves an optional package out of the lock when the registry at hand does not serve the version asked for, and `npm ci` then
 * refuses the lock everywhere. The entries added here say for which platform they are, so they are skipped on this one.
 */
import { readFileSync, writeFileSync } from 'node:fs'

interface LockEntry {
  version?: string
  optionalDependencies?: Record<string, string>
  [key: string]: unknown
}

const SYSTEMS = ['darwin', 'win32', 'linux', 'android', 'freebsd', 'openharmony']
const PROCESSORS: Readonly<Record<string, string>> = {
  arm64: 'arm64',
  aarch64: 'arm64',
  x64: 'x64',
  ia32: 'ia32',
  arm: 'arm',
  armv7: 'arm',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
}

const path = 'package-lock.json'
const lock = JSON.parse(readFileSync(path, 'utf8')) as { packages: Record<string, LockEntry> }
let added = 0
for (const parent of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    const key = `node_modules/${name}`
    if (lock.packages[key] !== undefined) continue
    const words = name.split(/[/-]/)
    const os = words.find((word) => SYSTEMS.includes(word))
    const cpu = words.map((word) => PROCESSORS[word]).find((word) => word !== undefined)
    if (os === undefined || cpu === undefined) continue
    const libc = words.includes('musl') ? { libc: ['musl'] } : {}
    const dev = parent['dev'] === true ? { dev: true } : {}
    lock.packages[key] = { version, cpu: [cpu], ...dev, ...libc, optional: true, os: [os] }
    added++
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => a.localeCompare(b, 'en')))
if (added > 0) writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`)
console.log(`${added} entries added`)
