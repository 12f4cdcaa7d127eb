import type { SetupContext } from './context.ts'
import { installBase } from './base/install-base.ts'
import { installGuest } from './guest/install-guest.ts'
import { installRunsc } from './runsc/install-runsc.ts'
import type { Step } from './steps/step.ts'

/** Steps that put runsc, guest runtime and base template into the data folder, side by side once `after` has ended. */
export function assetSteps(context: SetupContext, after: readonly string[]): Step[] {
  return [
    { id: 'runsc', title: 'gVisor (runsc)', after, run: (tools) => installRunsc(context, tools) },
    { id: 'base', title: 'Base template', after, run: (tools) => installBase(context, tools) },
    { id: 'guest', title: 'Guest runtime', after, run: (tools) => installGuest(context, tools) },
  ]
}
