import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EngineUsage } from '../engine.ts'
import { CGROUP_ROOT, statField } from './cgroup-files.ts'

const NS_PER_MS = 1e6
const US_PER_MS = 1e3

/**
 * Reads what the sandbox in the cgroup at `path` (below each hierarchy's mount) uses; undefined when it has none.
 * The files are the kernel's own, so reading them waits for no disk, and nothing inside the sandbox runs for it.
 */
export function readUsage(path: string): EngineUsage | undefined {
  try {
    return existsSync(join(CGROUP_ROOT, 'memory', path)) ? readV1(path) : readV2(path)
  } catch {
    return undefined // it ended meanwhile
  }
}

function readV1(path: string): EngineUsage {
  const memory = join(CGROUP_ROOT, 'memory', path)
  const cpuTime = readFileSync(join(CGROUP_ROOT, 'cpuacct', path, 'cpuacct.usage'), 'latin1')
  const usage = Number(readFileSync(join(memory, 'memory.usage_in_bytes'), 'latin1'))
  const stat = readFileSync(join(memory, 'memory.stat'), 'latin1')
  return split(Number(cpuTime) / NS_PER_MS, usage, statField(stat, 'total_cache') - statField(stat, 'total_shmem'))
}

function readV2(path: string): EngineUsage {
  const directory = join(CGROUP_ROOT, path)
  const cpuTime = statField(readFileSync(join(directory, 'cpu.stat'), 'latin1'), 'usage_usec')
  const usage = Number(readFileSync(join(directory, 'memory.current'), 'latin1'))
  const stat = readFileSync(join(directory, 'memory.stat'), 'latin1')
  return split(cpuTime / US_PER_MS, usage, statField(stat, 'file') - statField(stat, 'shmem'))
}

/** The guest's memory is shared memory to the host; what else of files is there is cache, which the host takes back at will. */
function split(cpuMs: number, usageBytes: number, fileBytes: number): EngineUsage {
  const cacheBytes = Math.min(usageBytes, Math.max(0, fileBytes))
  return { cpuMs, memoryBytes: usageBytes - cacheBytes, cacheBytes }
}
