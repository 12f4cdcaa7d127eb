import { release } from 'node:os'
import { compareVersions } from '../runsc/go-version.ts'
import type { Finding } from './finding.ts'

/** Oldest kernel that is tried: Debian 11's. */
const MIN_KERNEL = '5.10'

/** Checks processor and age of the kernel. */
export function checkKernel(): Promise<Finding> {
  return Promise.resolve(judgeKernel(process.arch, release()))
}

/** Judges a processor and a kernel release such as `6.1.0-18-amd64`. */
export function judgeKernel(arch: string, kernel: string): Finding {
  const name = 'kernel'
  const detail = `${kernel} on ${arch}`
  if (arch !== 'x64') {
    return { name, status: 'fail', detail, fix: 'Use a machine with an x86-64 processor.' }
  }
  const version = /^\d+(\.\d+)*/.exec(kernel)?.[0] ?? '0'
  if (compareVersions(version, MIN_KERNEL) < 0) {
    return { name, status: 'fail', detail, fix: `Use Linux ${MIN_KERNEL} or newer: upgrade the system and reboot.` }
  }
  return { name, status: 'ok', detail }
}
