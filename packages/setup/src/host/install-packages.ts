import type { StepOutcome, StepTools } from '../steps/step.ts'
import { aptInstall, missingPackages } from './apt.ts'

/** Installs those of the Debian packages that are missing. */
export async function installPackages(packages: readonly string[], tools: StepTools): Promise<StepOutcome> {
  const missing = await missingPackages(packages)
  if (missing.length === 0) return { status: 'kept' }
  await aptInstall(missing, tools.report)
  tools.signal.throwIfAborted()
  return { status: 'done', detail: missing.join(', ') }
}
