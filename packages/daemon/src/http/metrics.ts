import { readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

/** Answer of `GET /metrics`; sizes in bytes unless the name says MiB (wire.md §3.4). */
export interface Metrics {
  /** Unix seconds. */
  ts: number
  cpu_count: number
  /** Share of all CPUs that was busy since the call before, 0 to 100 with two decimals. */
  cpu_used_pct: number
  mem_total: number
  /** Without what the kernel caches. */
  mem_used: number
  mem_cache: number
  mem_total_mib: number
  mem_used_mib: number
  /** Of the root file system. */
  disk_used: number
  disk_total: number
}

const MIB = 1024 * 1024

/** Tells how busy the guest's CPUs were between two calls; the first call covers the time since the start. */
export class CpuMeter {
  readonly #path: string
  #last = { busy: 0, all: 0 }

  /** `root` is the folder that holds the guest's `proc/`. */
  constructor(root: string) {
    this.#path = join(root, 'proc/stat')
  }

  /** Percent of all CPUs together, 0 to 100. */
  usedPercent(): number {
    const now = parseCpuTimes(readFileSync(this.#path, 'utf8'))
    const busy = now.busy - this.#last.busy
    const all = now.all - this.#last.all
    this.#last = now
    if (all <= 0) return 0
    return Math.round(Math.min(100, Math.max(0, (busy / all) * 100)) * 100) / 100
  }
}

/** Reads the first line of /proc/stat: ticks spent busy, and all ticks. */
export function parseCpuTimes(text: string): { busy: number; all: number } {
  const ticks = (/^cpu +(.*)$/m.exec(text)?.[1] ?? '').split(' ').map(Number)
  // Guest time, in fields 9 and 10, is part of user time already.
  const all = ticks.slice(0, 8).reduce((sum, value) => sum + value, 0)
  return { all, busy: all - (ticks[3] ?? 0) - (ticks[4] ?? 0) }
}

/** Reads /proc/meminfo, in bytes; `used` counts neither free memory nor caches. */
export function parseMemory(text: string): { total: number; used: number; cache: number } {
  const bytes = (name: string): number => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024
  const total = bytes('MemTotal')
  const cache = bytes('Cached') + bytes('SReclaimable')
  return { total, cache, used: Math.max(0, total - bytes('MemFree') - bytes('Buffers') - cache) }
}

/** Measures the guest as its limits let it see itself. */
export async function readMetrics(cpu: CpuMeter): Promise<Metrics> {
  const memory = parseMemory(readFileSync('/proc/meminfo', 'utf8'))
  const disk = await statfs('/')
  return {
    ts: Math.floor(Date.now() / 1000),
    cpu_count: availableParallelism(),
    cpu_used_pct: cpu.usedPercent(),
    mem_total: memory.total,
    mem_used: memory.used,
    mem_cache: memory.cache,
    mem_total_mib: Math.floor(memory.total / MIB),
    mem_used_mib: Math.floor(memory.used / MIB),
    disk_used: (disk.blocks - disk.bfree) * disk.bsize,
    disk_total: disk.blocks * disk.bsize,
  }
}
