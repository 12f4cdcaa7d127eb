import { loadContext, type CommandContext, type GlobalOptions } from '../command-context.ts'

/** `drowse config`: prints the settings in force as JSON, which is also what `<data>/drowse.json` may hold. None of them is a secret. */
export function config(command: CommandContext, options: GlobalOptions): void {
  command.out.line(JSON.stringify(loadContext(command, options).config, null, 2))
}
