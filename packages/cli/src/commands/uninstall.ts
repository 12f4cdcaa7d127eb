import { createInterface } from 'node:readline/promises'
import { acquireSetupLock, isInstallation, runSteps, setupError, uninstallSteps } from '@drowse/setup'
import { loadContext, requireRoot, type CommandContext, type GlobalOptions } from '../command-context.ts'
import { StepView } from '../output/step-view.ts'

/** Options of `drowse uninstall`. */
export interface UninstallOptions extends GlobalOptions {
  yes?: boolean | undefined
  keepData?: boolean | undefined
}

/** `drowse uninstall`: takes everything of this installation off the host, after asking. */
export async function uninstall(command: CommandContext, options: UninstallOptions): Promise<void> {
  requireRoot('uninstall')
  const context = loadContext(command, options)
  if (!isInstallation(context.folder)) {
    throw setupError(`Cannot uninstall: there is no installation in "${context.folder.root}"`, {
      hint: 'Name its folder with --data.',
    })
  }
  const keepData = options.keepData === true
  if (options.yes !== true && !(await confirm(command, context.folder.root, keepData))) {
    command.out.line('Nothing was changed.')
    return
  }
  {
    await using _lock = await acquireSetupLock(context.folder.root)
    using view = new StepView(command.out)
    await runSteps(uninstallSteps(context, { keepData }), { onEvent: view.onEvent, signal: command.signal })
  }
  command.out.line(`Debian packages stay installed, and so does this clone; delete it when you like.`)
}

async function confirm({ out }: CommandContext, root: string, keepData: boolean): Promise<boolean> {
  if (!out.isInteractive || !process.stdin.isTTY) {
    throw setupError('Cannot uninstall without a yes: nobody is there to ask', { hint: 'Add --yes.' })
  }
  const what = keepData ? 'End all sandboxes' : `End all sandboxes and delete "${root}" with all they saved`
  const prompt = createInterface({ input: process.stdin, output: process.stdout })
  try {
    return /^y(es)?$/i.test((await prompt.question(`${what}? [y/N] `)).trim())
  } finally {
    prompt.close()
  }
}
