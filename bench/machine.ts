import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem } from 'node:os'
import { exec } from '@drowse/common'

/** What a reader of the figures has to know of the machine, as lines of a list. */
export async function machineFacts(runsc: { path: string; sha256: string; source: string }): Promise<string[]> {
  const version = (await exec(runsc.path, ['--version'])).stdout.split('\n')[0] ?? ''
  const { version: client } = JSON.parse(
    readFileSync(new URL('../node_modules/e2b/package.json', import.meta.url), 'utf8'),
  ) as { version: string }
  return [
    `${new Date().toISOString()}; ${processorFact()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`,
    loadFact(),
    `runsc ${runsc.sha256.slice(0, 16)} (${version.replace('runsc version ', '')}; ${runsc.source})`,
    `node ${process.version}, e2b ${client}`,
  ]
}

/** How many processors there are, and which. */
export function processorFact(): string {
  const processors = cpus()
  return `${processors.length} × ${processors[0]?.model ?? 'unknown CPU'}`
}

/** What else keeps the machine busy: ask before the run. */
export function loadFact(): string {
  return `load before the run (1, 5, 15 min): ${loadavg()
    .map((load) => load.toFixed(2))
    .join(', ')}`
}

/** Whether shared memory comes in huge pages: the chosen word of the host's setting, such as `within_size`. `up` sets it, so ask after that. */
export function hugePages(): string {
  try {
    const text = readFileSync('/sys/kernel/mm/transparent_hugepage/shmem_enabled', 'utf8')
    return /\[(\w+)\]/.exec(text)?.[1] ?? text.trim()
  } catch {
    return 'not in this kernel'
  }
}
