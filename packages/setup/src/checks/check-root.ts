import type { Finding } from './finding.ts'

/** Checks that this process is root: namespaces, mounts and packages need it. */
export function checkRoot(): Promise<Finding> {
  const uid = process.getuid?.()
  if (uid === 0) return Promise.resolve({ name: 'user', status: 'ok', detail: 'root' })
  return Promise.resolve({
    name: 'user',
    status: 'fail',
    detail: `this runs as user ${uid ?? 'unknown'}, not as root`,
    fix: 'Run it with sudo.',
  })
}
