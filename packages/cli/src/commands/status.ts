import { statfs } from 'node:fs/promises'
import { findRunningService, stateWords, templateStates } from '@drowse/setup'
import { loadContext, requireRoot, type CommandContext, type GlobalOptions } from '../command-context.ts'
import { findInstallation } from '../installation.ts'
import { diskUse } from '../output/disk-use.ts'
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
    if (service.sshPort !== undefined) row('ssh door', `port ${service.sshPort}; see "drowse ssh-key host"`)
    const counts = await countSandboxes(installation)
    const words = Object.entries(counts).map(([state, count]) => `${count} ${state}`)
    row('sandboxes', words.join(', '))
  }
  for (const template of await templateStates(context)) {
    if (template.state !== 'absent') row('template', `${template.id}: ${stateWords(template)}`)
  }
  for (const [name, path] of [
    ['sandboxes', context.folder.sandboxes],
    ['layers', context.folder.layers],
    ['templates', context.folder.templates],
  ] as const) {
    row('disk', `${((await diskUse(path)) ?? '-').padStart(7)}  ${name}`)
  }
  const space = await statfs(context.folder.root).catch(() => undefined)
  if (space !== undefined) row('disk', `${formatBytes(space.bavail * space.bsize).padStart(7)}  free`)
  return (await findRunningService(context.folder)) !== undefined
}
