import { assetSteps } from './asset-steps.ts'
import type { SetupContext } from './context.ts'
import { HOST_PACKAGES } from './host/host-packages.ts'
import { applyHostSettings } from './host/host-settings.ts'
import { installPackages } from './host/install-packages.ts'
import { awaitWarmImage } from './service/await-warm-image.ts'
import { startService } from './service/start-service.ts'
import { startBackgroundBuilds } from './templates/background-builds.ts'
import type { Step } from './steps/step.ts'

/** Steps from a machine that passed {@link preflight} to a running service. Each finds out by itself what is left to do. */
export function setupSteps(context: SetupContext): Step[] {
  return [
    { id: 'packages', title: 'Debian packages', run: (tools) => installPackages(HOST_PACKAGES, tools) },
    ...assetSteps(context, ['packages']),
    {
      id: 'settings',
      title: 'Host settings',
      after: ['packages'],
      run: async () => {
        const changed = await applyHostSettings(context.folder)
        return { status: changed.length > 0 ? 'done' : 'kept', detail: changed.join(', ') }
      },
    },
    {
      id: 'service',
      title: 'Service',
      after: ['runsc', 'base', 'guest', 'settings'],
      run: (tools) => startService(context, tools),
    },
    {
      id: 'warm',
      title: 'Warm image',
      after: ['service'],
      run: (tools) => awaitWarmImage(context.folder, tools),
    },
    {
      id: 'templates',
      title: 'Other templates',
      // Not before: a build beside it would make the first warm image slow.
      after: ['warm'],
      run: () => startBackgroundBuilds(context),
    },
  ]
}
