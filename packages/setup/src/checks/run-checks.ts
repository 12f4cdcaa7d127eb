import type { SetupContext } from '../context.ts'
import { setupError } from '../setup-error.ts'
import { checkCgroups } from './check-cgroups.ts'
import { checkClock } from './check-clock.ts'
import { checkDisk } from './check-disk.ts'
import { checkKernel } from './check-kernel.ts'
import { checkNames } from './check-names.ts'
import { checkOverlayfs } from './check-overlayfs.ts'
import { checkPorts } from './check-ports.ts'
import { checkRoot } from './check-root.ts'
import { checkRunsc } from './check-runsc.ts'
import { SETTING_CHECKS } from './check-settings.ts'
import { checkSubnet } from './check-subnet.ts'
import { checkFirewall, checkTools } from './check-tools.ts'
import { checkTemplates } from './check-templates.ts'
import type { Check, Finding } from './finding.ts'

/** What must hold before setup changes anything; the quickest and most basic first. */
const PREFLIGHT: readonly Check[] = [
  checkRoot,
  checkKernel,
  checkCgroups,
  checkDisk,
  checkOverlayfs,
  checkPorts,
  checkSubnet,
]

/** What must hold for sandboxes to run. */
const DOCTOR: readonly Check[] = [
  ...PREFLIGHT,
  checkClock,
  checkTools,
  checkFirewall,
  ...SETTING_CHECKS,
  checkRunsc,
  checkNames,
  checkTemplates,
]

/** Throws "setup_failed" with the first thing on this host that keeps setup from working. Returns the warnings. */
export async function preflight(context: SetupContext): Promise<Finding[]> {
  const warnings: Finding[] = []
  for (const check of PREFLIGHT) {
    const finding = await check(context)
    if (finding.status === 'fail') {
      throw setupError(`Cannot set up this machine: ${finding.name}: ${finding.detail}`, { hint: finding.fix ?? '' })
    }
    if (finding.status === 'warn') warnings.push(finding)
  }
  return warnings
}

/** Runs every check and yields each finding as it comes. A check that breaks counts as failed. */
export async function* examine(context: SetupContext): AsyncGenerator<Finding> {
  for (const check of DOCTOR) {
    try {
      yield await check(context)
    } catch (error) {
      yield {
        name: 'check',
        status: 'fail',
        detail: (error as Error).message,
        fix: 'Run it with sudo; report it when it stays.',
      }
    }
  }
}
