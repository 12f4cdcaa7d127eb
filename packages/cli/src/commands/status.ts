import { statfs } from 'node:fs/promises'
import { exec } from '@drowse/common'
import { findRunningService, templateStates } from '@drowse/setup'
import { loadContext, requireRoot, type CommandContext, type GlobalOptions } from '../command-context.ts'
import { findInstallation } from '../installation.ts'
import { formatBytes } from '../output/format-bytes.ts'
import { countSandboxes } from '../sandbox-counts.ts'

/** `drowse status`: shows the service, its addresses, how many sandboxes run and sleep, and the disk. Resolves to whether it runs. */
export async function status(command: CommandContext, options: GlobalOptions): Promise<boolean> {
  requireRoot('status')
  const { out } = command
  const context = loadContext(command, options)
  const row = (name: string, value: string): void => out.line(`${name.padEnd(11)} ${value}`)
  row('data', context.folder.root)
  const installation = await findInstallation(context)
  if (installation === undefined) {
    row('service', `${out.style('yellow', 'not running')}; start it with "sudo ./drowse up"`)
  } else {
    const { service, addresses } = installation
    const since = new Date(service.startedAt).toISOString()
    row('service', `${out.style('green', 'running')}, pid ${service.pid}, since ${since}`)
    row('http door', addresses.http)
    row('https door', addresses.https)
    const counts = await countSandboxes(installation)
    const words = Object.entries(counts).map(([state, count]) => `${count} ${state}`)
    row('sandboxes', words.join(', '))
  }
  for (const { id, state, detail } of await templateStates(context)) {
    if (state !== 'absent') row('template', `${id}: ${state}${detail === '' ? '' : `, ${detail}`}`)
  }
  for (const [name, path] of [
    ['sandboxes', context.folder.sandboxes],
    ['layers', context.folder.layers],
    ['templates', context.folder.templates],
  ] as const) {
    row('disk', `${(await diskUse(path)).padStart(7)}  ${name}`)
  }
  const space = await statfs(context.folder.root).catch(() => undefined)
  if (space !== undefined) row('disk', `${formatBytes(space.bavail * space.bsize).padStart(7)}  free`)
  return (await findRunningService(context.folder)) !== undefined
}

async function diskUse(path: string): Promise<string> {
  try {
    const { stdout } = await exec('du', ['--summarize', '--one-file-system', '--block-size=1', path])
    return formatBytes(Number(stdout.split('\t')[0]))
  } catch {
    return '-' // not there yet, or a file went away while it counted
  }
}
