import { readFile, writeFile } from 'node:fs/promises'
import { writeFileAtomic } from '@drowse/common'
import type { DataFolder } from '@drowse/node'
import { z } from 'zod'

/** One file of /proc/sys or /sys with the value that sandboxes need. */
export interface HostSetting {
  name: string
  path: string
  value: string
  /** Values that serve as well and are left alone. */
  accepted: readonly string[]
  /** Whether sandboxes work without it, only slower. */
  isOptional: boolean
}

/** All that Drowse changes on a host outside its folder and its firewall table. */
export const HOST_SETTINGS: readonly HostSetting[] = [
  { name: 'IP forwarding', path: '/proc/sys/net/ipv4/ip_forward', value: '1', accepted: ['1'], isOptional: false },
  {
    name: 'huge pages for restored memory',
    path: '/sys/kernel/mm/transparent_hugepage/shmem_enabled',
    value: 'within_size',
    accepted: ['within_size', 'always', 'force'],
    isOptional: true,
  },
]

const recordSchema = z.object({
  settings: z.array(z.object({ path: z.string(), before: z.string(), set: z.string() })),
})
type HostRecord = z.infer<typeof recordSchema>

/** Current value of a setting; `undefined` when the kernel lacks it. Of a choice like `always [never]` the chosen word. */
export async function readSetting(path: string): Promise<string | undefined> {
  try {
    return chosenValue(await readFile(path, 'utf8'))
  } catch {
    return undefined // not in this kernel
  }
}

/** The word in brackets, or the whole text without its line end. */
export function chosenValue(text: string): string {
  return /\[([^\]]+)\]/.exec(text)?.[1] ?? text.trim()
}

/**
 * Sets what sandboxes need, after recording each old value in `host.json` so that {@link restoreHostSettings} can undo it even after a crash
 * between the two. Returns the names of what changed.
 */
export async function applyHostSettings(folder: DataFolder, settings = HOST_SETTINGS): Promise<string[]> {
  const record = await readRecord(folder)
  const changed: string[] = []
  for (const { name, path, value, accepted, isOptional } of settings) {
    const before = await readSetting(path)
    if (before === undefined || accepted.includes(before)) continue
    if (!record.settings.some((entry) => entry.path === path)) {
      record.settings.push({ path, before, set: value })
      await writeFileAtomic(folder.hostRecord, JSON.stringify(record, null, 2))
    }
    try {
      await writeFile(path, value)
      changed.push(name)
    } catch (error) {
      if (!isOptional) throw error
    }
  }
  return changed
}

/** Puts back every recorded value that is still as we set it, then forgets the record. Returns the paths put back. */
export async function restoreHostSettings(folder: DataFolder): Promise<string[]> {
  const record = await readRecord(folder)
  const restored: string[] = []
  for (const { path, before, set } of record.settings) {
    if ((await readSetting(path)) !== set) continue
    await writeFile(path, before)
    restored.push(path)
  }
  await writeFileAtomic(folder.hostRecord, JSON.stringify({ settings: [] }, null, 2))
  return restored
}

async function readRecord(folder: DataFolder): Promise<HostRecord> {
  try {
    return recordSchema.parse(JSON.parse(await readFile(folder.hostRecord, 'utf8')))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { settings: [] }
    throw error
  }
}
