import { Command, InvalidArgumentError } from '@commander-js/extra-typings'
import type { CommandContext } from './command-context.ts'

const OVERVIEW = `
Sandboxes that sleep when nobody needs them and wake when somebody touches them.

A first session:
  $ sudo ./drowse up                    # installs what is missing, starts the service, shows one sandbox
  $ eval "$(sudo ./drowse env)"         # points the e2b and novita-sandbox clients here
  $ sudo ./drowse status                # what runs and what sleeps
  $ sudo ./drowse logs -f               # what happens
  $ sudo ./drowse ca install            # lets the system's programs trust the https door

Settings come from --data, then DROWSE_* variables, then <data>/drowse.json; "drowse config --print" shows the result.
When something does not work, "sudo ./drowse doctor" names what is wrong with this machine and how to mend it.`

const CA_HELP = `
The first start makes an authority of this installation's own and signs the https door's certificate with it, unless
"tlsCertFile" names yours. It can sign for the domain and loopback only, so trusting it opens no other site to whoever steals its key.
Clients must trust it to use https; plain http needs none of this.

Let one shell's programs trust it (Node, Python, curl):
  $ eval "$(sudo ./drowse env)"
Let all programs trust it that go by the system's store, and see how for browsers, Node and Python:
  $ sudo ./drowse ca install
Replace it when its key may be in wrong hands; clients need the new file then:
  $ sudo ./drowse ca rotate`

/**
 * Builds the command line. Each command is loaded when it is called, so that a quick one starts quickly.
 * `setExitCode` takes the status of the process when a command ends without an error.
 */
export function createProgram(context: CommandContext, setExitCode: (code: number) => void): Command {
  const program = new Command('drowse')
    .description('Self-hosted sandboxes that sleep and wake')
    .option('--data <folder>', 'folder that holds all state (default: /var/lib/drowse)')
    .helpCommand('help [command]', 'explain a command')
    .addHelpText('after', OVERVIEW)
    .showHelpAfterError('(see "drowse --help")')
  const data = (): { data?: string | undefined } => program.opts()
  program
    .command('up')
    .description('install what is missing, start the service, show one sandbox asleep and awake')
    .addHelpText(
      'after',
      '\nHarmless to repeat: what is there is kept. An interrupted run is taken up where it stopped.',
    )
    .action(async () => await (await import('./commands/up.ts')).up(context, data()))
  program
    .command('down')
    .description('stop the service; sandboxes stay as they are')
    .action(async () => await (await import('./commands/down.ts')).down(context, data()))
  program
    .command('status')
    .description('show the service, its addresses, sandboxes and disk use (status 1 when it is not running)')
    .action(async () => {
      const { status } = await import('./commands/status.ts')
      setExitCode((await status(context, data())) ? 0 : 1)
    })
  program
    .command('logs')
    .description("show the service's log")
    .option('-f, --follow', 'go on showing what is added')
    .option('-n, --lines <count>', 'how many lines of the end to show', parseCount, 100)
    .option('--json', 'as it is in the file, one JSON entry a line')
    .action(async (options) => {
      const { logs } = await import('./commands/logs.ts')
      await logs(context, { ...data(), ...options })
    })
  program
    .command('env')
    .description('print what points the official clients here; use it as: eval "$(./drowse env)"')
    .action(async () => await (await import('./commands/env.ts')).env(context, data()))
  program
    .command('doctor')
    .description('check this machine and name a fix for each trouble (status 1 when one keeps sandboxes from running)')
    .action(async () => {
      const { doctor } = await import('./commands/doctor.ts')
      setExitCode((await doctor(context, data())) ? 0 : 1)
    })
  program
    .command('config')
    .description('show the settings in force')
    .option('--print', 'as JSON on standard output (the only form)')
    .action(async () => (await import('./commands/config.ts')).config(context, data()))
  program
    .command('serve')
    .description('run the service in the foreground, logging to standard output')
    .action(async () => {
      const { serve } = await import('./commands/serve.ts')
      setExitCode(await serve(context, data()))
    })
  const template = program.command('template').description('templates that sandboxes are made from')
  template
    .command('list')
    .description('show each template: its state, layers and size')
    .action(async () => await (await import('./commands/template-list.ts')).templateList(context, data()))
  template
    .command('show')
    .description('show one template and its last build: status, reason, log')
    .argument('<id>', 'as in "drowse template list"')
    .action(async (id) => await (await import('./commands/template-show.ts')).templateShow(context, id, data()))
  template
    .command('build')
    .description('build templates of this clone now; what is done already is kept')
    .argument('<name...>', 'as in "drowse template list"')
    .action(async (names) => await (await import('./commands/template-build.ts')).templateBuild(context, names, data()))
  template
    .command('add')
    .description(
      'make a template from an image, such as "skopeo copy ... oci:<folder>" writes, or from a tar of a root',
    )
    .argument('<name>', 'what clients ask for')
    .option('--oci <folder>', 'folder with an OCI layout')
    .option('--rootfs <tar>', 'tar archive of a root, plain or compressed by gzip or zstd')
    .action(async (name, options) => {
      const { templateAdd } = await import('./commands/template-add.ts')
      await templateAdd(context, name, { ...data(), ...options })
    })
  const ca = program
    .command('ca')
    .description('the local authority that the https door is trusted by')
    .addHelpText('after', CA_HELP)
  ca.command('show')
    .description('show its file, fingerprint, validity, what it may sign for, and whether the system trusts it')
    .action(async () => await (await import('./commands/ca-show.ts')).caShow(context, data()))
  ca.command('install')
    .description("put it into the system's trust store (Debian, Ubuntu); says how for browsers, Node and Python")
    .addHelpText('after', '\nHarmless to repeat. "drowse ca uninstall" and "drowse uninstall" undo it.')
    .action(async () => await (await import('./commands/ca-install.ts')).caInstall(context, data()))
  ca.command('uninstall')
    .description("take it out of the system's trust store")
    .addHelpText('after', '\nHarmless to repeat. The authority itself and the https door stay as they are.')
    .action(async () => await (await import('./commands/ca-uninstall.ts')).caUninstall(context, data()))
  ca.command('rotate')
    .description('replace it and the certificate; the running service serves the new one, open connections stay')
    .addHelpText(
      'after',
      '\nClients that trust the old authority need the new file afterwards. The system is changed along where it trusted the old one.' +
        '\nAn interrupted rotation goes on with the next call, or with the next start of the service.',
    )
    .action(async () => await (await import('./commands/ca-rotate.ts')).caRotate(context, data()))
  sshKeyCommands(program, context)
  program
    .command('port-forward')
    .description('listen on 127.0.0.1 and bring each connection to a port of a sandbox, waking it')
    .argument('<sandbox>', "the sandbox's id")
    .argument('<ports...>', '<local port>:<sandbox port>, as 5432:5432; local port 0 takes a free one')
    .addHelpText('after', API_HELP)
    .action(async (sandbox, ports) => {
      const { portForward } = await import('./commands/port-forward.ts')
      await portForward(context, sandbox, ports, data())
    })
  program
    .command('test')
    .description('run the tests; the last line counts them')
    .argument('[filter...]', 'only test files whose path holds one of these; leaves the code checks out')
    .option('--long', 'also the tests that take long')
    .option('--unit', 'only the tests that need neither root nor the engine')
    .action(async (filters, options) => {
      const { test } = await import('./commands/test.ts')
      setExitCode((await test(context, filters, { ...data(), ...options })) ? 0 : 1)
    })
  program
    .command('uninstall')
    .description('end all sandboxes, put back host settings, delete the data folder')
    .option('--yes', 'do not ask')
    .option('--keep-data', 'leave the data folder')
    .action(async (options) => {
      const { uninstall } = await import('./commands/uninstall.ts')
      await uninstall(context, { ...data(), ...options })
    })
  return program
}

const API_HELP = `
Reaches the API that the clients' variables name (E2B_API_KEY with E2B_API_URL or E2B_DOMAIN), also on another machine;
without them, or with --data, this machine's, which needs root.`

function sshKeyCommands(program: Command, context: CommandContext): void {
  const data = (): { data?: string | undefined } => program.opts()
  const sshKey = program
    .command('ssh-key')
    .description("public keys that open the team's sandboxes over SSH: ssh -p <sshPort> <sandbox id>@<host>")
    .addHelpText('after', API_HELP)
  sshKey
    .command('add')
    .description('add a public key')
    .argument('<file>', 'its ".pub" file; - reads standard input')
    .option('--name <name>', 'what to call it (default: its comment)')
    .action(async (file, options) => {
      await (await import('./commands/ssh-key.ts')).sshKeyAdd(context, file, { ...data(), ...options })
    })
  sshKey
    .command('list')
    .description('show the keys: id, type, fingerprint, name')
    .action(async () => await (await import('./commands/ssh-key.ts')).sshKeyList(context, data()))
  sshKey
    .command('remove')
    .description('take a key away; connections that it opened are cut')
    .argument('<key>', 'id or fingerprint')
    .action(async (key) => await (await import('./commands/ssh-key.ts')).sshKeyRemove(context, key, data()))
  sshKey
    .command('host')
    .description("show the SSH door's port and its host key")
    .action(async () => await (await import('./commands/ssh-key.ts')).sshKeyHost(context, data()))
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 0) throw new InvalidArgumentError('It has to be a whole number, 0 or more.')
  return count
}
