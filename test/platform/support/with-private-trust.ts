// Started in a mount namespace of its own: with-private-trust.ts <folder> <program> [argument...]
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

/** Everything that update-ca-certificates writes to. */
const PLACES = ['/etc/ssl', '/usr/local/share/ca-certificates']

const [folder = '', program = '', ...args] = process.argv.slice(2)
for (const [i, place] of PLACES.entries()) {
  const [upper, work] = [join(folder, `upper-${i}`), join(folder, `work-${i}`)]
  for (const path of [upper, work]) mkdirSync(path, { recursive: true })
  const layers = `lowerdir=${place},upperdir=${upper},workdir=${work}`
  if (spawnSync('mount', ['-t', 'overlay', 'overlay', '-o', layers, place], { stdio: 'inherit' }).status !== 0)
    process.exit(1)
}
const { status, error } = spawnSync(program, args, { stdio: 'inherit' })
if (error !== undefined) throw error
process.exit(status ?? 1)
