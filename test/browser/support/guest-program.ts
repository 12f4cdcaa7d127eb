import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Sandbox } from 'e2b'
import { untilListening } from '../../platform/support/sandboxes.ts'

const GUEST = join(import.meta.dirname, '..', 'guest')
/** The WebSocket library that the programs import; pure JavaScript, so that its files are all it takes. */
const LIBRARY = join(import.meta.dirname, '..', '..', '..', 'node_modules', 'ws')

/** Starts one of the servers of `guest/` in a sandbox and waits until it listens. */
export async function startGuestProgram(
  sandbox: Sandbox,
  program: 'preview' | 'dev-server',
  port: number,
): Promise<void> {
  const home = '/home/user'
  await sandbox.files.write([
    ...filesOf(join(GUEST, program), `${home}/${program}`),
    ...filesOf(LIBRARY, `${home}/node_modules/ws`),
  ])
  await sandbox.commands.run(`exec node ${home}/${program}/server.mjs ${port}`, { background: true, timeoutMs: 0 })
  await untilListening(sandbox, port)
}

function filesOf(folder: string, destination: string): { path: string; data: string }[] {
  return globSync('{*,lib/*}.{json,js,mjs,html,txt}', { cwd: folder }).map((name) => ({
    path: `${destination}/${name}`,
    data: readFileSync(join(folder, name), 'utf8'),
  }))
}
