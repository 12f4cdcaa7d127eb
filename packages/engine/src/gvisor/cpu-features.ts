import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

/** Hashes the CPU features that the host's kernel lists: an image restores only where they are the same. */
export function cpuFeatures(cpuinfoPath = '/proc/cpuinfo'): string {
  const flags = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync(cpuinfoPath, 'utf8'))?.[1] ?? ''
  const sorted = flags.trim().split(/\s+/).sort().join(' ')
  return createHash('sha256').update(sorted).digest('hex').slice(0, 16)
}
