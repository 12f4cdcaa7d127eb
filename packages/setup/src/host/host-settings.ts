import { readFile, writeFile } from 'node:fs/promises'
import { readIfThere, writeFileAtomic } from '@drowse/common'
import { dataFolder, type DataFolder } from '@drowse/node'
import { z } from 'zod'
import { openSharedUse } from './shared-use.ts'

/** Gone after a reboot, as are the values of the settings. */
const SHARED_DIRECTORY = '/run/drowse'

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

/** What tests put in the place of the host's own. */
export interface HostSettingsOptions {
  settings?: readonly HostSetting[]
  /** Where the installations of the host say that they use its settings. */
  sharedDirectory?: string
}

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
 * between the two. What another installation has set is recorded as that one did. Returns the names of what changed.
 */
export async function applyHostSettings(folder: DataFolder, options: HostSettingsOptions = {}): Promise<string[]> {
  const { settings = HOST_SETTINGS, sharedDirectory = SHARED_DIRECTORY } = options
  await using shared = await openSharedUse(sharedDirectory)
  const record = await readRecord(folder.hostRecord)
  const others = await recordsOf(await shared.others(folder.root))
  await shared.join(folder.root)
  const changed: string[] = []
  for (const { name, path, value, accepted, isOptional } of settings) {
    const now = await readSetting(path)
    if (now === undefined) continue
    const serves = accepted.includes(now)
    const before = serves ? others.find((entry) => entry.path === path) : { path, before: now, set: value }
    if (before !== undefined && !record.settings.some((entry) => entry.path === path)) {
      record.settings.push(before)
      await writeFileAtomic(folder.hostRecord, JSON.stringify(record, null, 2))
    }
    if (serves) continue
    try {
      await writeFile(path, value)
      changed.push(name)
    } catch (error) {
      if (!isOptional) throw error
    }
  }
  return changed
}

/**
 * Puts back every recorded value that is still as we set it, then forgets the record. While another installation of the host is set up the
 * values stay: the last one puts them back. Returns the paths put back.
 */
export async function restoreHostSettings(folder: DataFolder, options: HostSettingsOptions = {}): Promise<string[]> {
  await using shared = await openSharedUse(options.sharedDirectory ?? SHARED_DIRECTORY)
  const record = await readRecord(folder.hostRecord)
  const restored: string[] = []
  if ((await shared.others(folder.root)).length === 0) {
    for (const { path, before, set } of record.settings) {
      if ((await readSetting(path)) !== set) continue
      await writeFile(path, before)
      restored.push(path)
    }
  }
  await writeFileAtomic(folder.hostRecord, JSON.stringify({ settings: [] }, null, 2))
  await shared.leave(folder.root)
  return restored
}

async function recordsOf(roots: readonly string[]): Promise<HostRecord['settings']> {
  const records = await Promise.all(roots.map((root) => readRecord(dataFolder(root).hostRecord)))
  return records.flatMap(({ settings }) => settings)
}

async function readRecord(path: string): Promise<HostRecord> {
  const text = await readIfThere(path)
  return text === undefined ? { settings: [] } : recordSchema.parse(JSON.parse(text))
}
