import { removeAuthority } from './authority/authority.ts'
import type { SetupContext } from './context.ts'
import { restoreHostSettings } from './host/host-settings.ts'
import { removeData } from './remove-data.ts'
import { removeSandboxes } from './remove-sandboxes.ts'
import { stopService } from './service/stop-service.ts'
import { stopBuilds } from './templates/background-builds.ts'
import type { Step } from './steps/step.ts'

/** Steps that take Drowse off this host: service, sandboxes, firewall, host settings, what the system trusts and, unless `keepData`, the data folder. Each may be repeated. */
export function uninstallSteps(context: SetupContext, options: { keepData: boolean }): Step[] {
  const { folder } = context
  const steps: Step[] = [
    {
      id: 'service',
      title: 'Stop the service',
      run: async () => {
        const outcome = await stopService(folder)
        return { status: 'done', detail: outcome === 'not running' ? 'it was not running' : outcome }
      },
    },
    {
      id: 'builds',
      title: 'Stop template builds',
      run: async () => {
        const count = await stopBuilds(context)
        return { status: 'done', detail: count === 0 ? 'none was under way' : '' }
      },
    },
    {
      id: 'sandboxes',
      title: 'Remove sandboxes and firewall',
      after: ['service', 'builds'],
      run: async ({ report }) => {
        const count = await removeSandboxes(context, report)
        return { status: 'done', detail: `${count} ${count === 1 ? 'sandbox' : 'sandboxes'}` }
      },
    },
    {
      id: 'settings',
      title: 'Put back host settings',
      after: ['sandboxes'],
      run: async () => {
        const restored = await restoreHostSettings(folder)
        return { status: 'done', detail: restored.join(', ') || 'none was changed' }
      },
    },
  ]
  steps.push({
    id: 'authority',
    title: "Take the authority out of the system's trust",
    run: async () => ({ status: 'done', detail: (await removeAuthority(context)) ? '' : 'it was not in it' }),
  })
  if (options.keepData) return steps
  const data: Step = {
    id: 'data',
    title: `Delete ${folder.root}`,
    after: ['settings', 'authority'],
    run: async () => {
      const left = await removeData(folder)
      return { status: 'done', detail: left.length === 0 ? '' : `left what is not ours: ${left.join(', ')}` }
    },
  }
  return [...steps, data]
}
