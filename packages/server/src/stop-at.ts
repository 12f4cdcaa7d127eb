import { NODE_STEPS } from '@drowse/node'
import { DrowseError } from '@drowse/protocol'
import { SERVER_STEPS } from './sandboxes/steps.ts'

/**
 * Makes what ends this process, as kill -9 does, when the operation named by `stopAt` reaches that step; undefined when
 * there is nothing to stop at. For tests of what the next start makes of it. Throws "invalid_argument" for an unknown step.
 */
export function stopAtStep(stopAt: string | undefined): ((step: string) => void) | undefined {
  if (stopAt === undefined) return undefined
  const steps: readonly string[] = [...SERVER_STEPS, ...NODE_STEPS]
  if (!steps.includes(stopAt)) {
    throw new DrowseError('invalid_argument', `Cannot stop at "${stopAt}" (DROWSE_STOP_AT): there is no such step`)
  }
  return (step) => {
    if (step === stopAt) process.kill(process.pid, 'SIGKILL')
  }
}
