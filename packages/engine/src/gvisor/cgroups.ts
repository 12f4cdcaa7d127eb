import { existsSync, readdirSync } from 'node:fs'
import { readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CGROUP_ROOT } from './cgroup-files.ts'

/** The cgroup of one sandbox, in every hierarchy of the host (v1, v2 or both). */
export interface SandboxCgroup {
  /** Path below each hierarchy's mount, for an OCI spec. */
  path: string
  /** Whether any hierarchy has it. */
  exists(): boolean
  /** Processes in it: the Sentry, its gofer and the tasks that back guest threads. */
  processes(): Promise<number[]>
  /** Sets the memory that the host lets it use, in bytes. Reaching it kills the whole sandbox. */
  limitMemory(bytes: number): Promise<void>
  /** Removes it everywhere it can be removed; says whether nothing is left. */
  remove(): Promise<boolean>
}

/** The cgroup that sandbox `id` of the installation `instance` gets. */
export function sandboxCgroup(instance: string, id: string): SandboxCgroup {
  const path = join(instancePath(instance), id)
  return {
    path,
    exists: () => directories(path).length > 0,
    async processes() {
      const lists = await Promise.all(directories(path).map((directory) => readIds(join(directory, 'cgroup.procs'))))
      return [...new Set(lists.flat())]
    },
    async limitMemory(bytes) {
      const v1 = join(CGROUP_ROOT, 'memory', path, 'memory.limit_in_bytes')
      const v2 = join(CGROUP_ROOT, path, 'memory.max')
      await writeFile(existsSync(v1) ? v1 : v2, String(bytes))
    },
    async remove() {
      await Promise.all(directories(path).map(removeTree))
      return directories(path).length === 0
    },
  }
}

/** Removes the cgroup that holds an installation's sandboxes, where it is empty. Call it when the last sandbox is gone. */
export async function removeInstanceCgroup(instance: string): Promise<void> {
  await Promise.all(directories(instancePath(instance)).map(removeTree))
}

function instancePath(instance: string): string {
  return `/drowse-${instance}`
}

/** Where `path` exists: below v2's own mount, and below each v1 controller's. */
function directories(path: string): string[] {
  const mounts = [CGROUP_ROOT]
  for (const entry of readdirSync(CGROUP_ROOT, { withFileTypes: true })) {
    if (entry.isDirectory()) mounts.push(join(CGROUP_ROOT, entry.name))
  }
  return mounts.map((mount) => join(mount, path)).filter((directory) => existsSync(directory))
}

async function readIds(path: string): Promise<number[]> {
  try {
    return (await readFile(path, 'utf8')).split('\n').filter(Boolean).map(Number)
  } catch {
    return [] // removed meanwhile
  }
}

async function removeTree(directory: string): Promise<void> {
  try {
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) await removeTree(join(directory, entry.name))
    }
    await rmdir(directory)
  } catch {
    // Gone already, or busy for a moment after its last process ended: the caller looks again.
  }
}
