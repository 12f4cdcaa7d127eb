import type { Finding } from './finding.ts'

/** Before this the clock is wrong for certain: this program is younger. */
const NEWER_THAN = Date.parse('2026-06-01')

/** Checks that the clock is not years behind, which breaks certificates and package mirrors. */
export function checkClock(): Promise<Finding> {
  const now = new Date()
  const detail = now.toISOString()
  if (now.getTime() >= NEWER_THAN) return Promise.resolve({ name: 'clock', status: 'ok', detail })
  return Promise.resolve({
    name: 'clock',
    status: 'warn',
    detail,
    fix: 'Set the clock, for example with "timedatectl set-ntp true".',
  })
}
