import { acquireSetupLock, preflight, runSteps, setupSteps, type SetupContext } from '@drowse/setup'
import { loadContext, type CommandContext, type GlobalOptions } from '../command-context.ts'
import { runDemo } from '../demo/run-demo.ts'
import { getInstallation, type RunningInstallation } from '../installation.ts'
import { formatDuration } from '../output/format-duration.ts'
import { StepView } from '../output/step-view.ts'

/** `drowse up`: installs what is missing, starts the service, runs one sandbox and says what to do next. */
export async function up(command: CommandContext, options: GlobalOptions): Promise<void> {
  const { out } = command
  const startMs = performance.now()
  const context = loadContext(command, options)
  for (const { name, detail, fix } of await preflight(context)) {
    out.line(`${out.style('yellow', 'warning:')} ${name}: ${detail}. ${fix ?? ''}`)
  }
  {
    await using _lock = await acquireSetupLock(context.folder.root)
    using view = new StepView(out)
    await runSteps(setupSteps(context), { onEvent: view.onEvent, signal: command.signal })
  }
  const installation = await getInstallation(context)
  await showDemo(command, installation)
  showNextSteps(command, context, installation)
  out.line(out.style('dim', `Done in ${formatDuration(performance.now() - startMs)}.`))
}

async function showDemo({ out }: CommandContext, installation: RunningInstallation): Promise<void> {
  out.line()
  out.line('One sandbox, with the e2b client:')
  await runDemo(installation, ({ name, elapsedMs, note }) => {
    const time = `${Math.round(elapsedMs)} ms`.padStart(9)
    out.line(`${out.style('green', '✓')} ${name.padEnd(30)}${time}  ${out.style('dim', note)}`.trimEnd())
  })
}

function showNextSteps({ out, env }: CommandContext, context: SetupContext, installation: RunningInstallation): void {
  const { addresses, apiKey } = installation
  const sudo = env['SUDO_UID'] === undefined ? '' : 'sudo '
  const isDefault = context.folder.root === '/var/lib/drowse'
  const command = `${sudo}./drowse env${isDefault ? '' : ` --data ${context.folder.root}`}`
  const evaluate = `eval "$(${command})"`
  out.line()
  out.line(`API key      ${apiKey}`)
  out.line(`http door    ${addresses.http}    API; sandboxes by routing header`)
  out.line(`https door   ${addresses.https}    sandbox ports at https://<port>-<id>.${addresses.domain}`)
  out.line()
  out.line('Next, point the clients here, and use them as their own documentation says:')
  out.line(`  ${out.style('bold', evaluate)}`)
  out.line()
  out.line(`./drowse status shows what runs and sleeps, ./drowse logs -f what happens, ./drowse --help the rest.`)
}
