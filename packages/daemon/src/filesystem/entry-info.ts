import type { BigIntStats } from 'node:fs'
import { lstat, realpath, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { create } from '@bufbuild/protobuf'
import { EntryInfoSchema, FileType, type EntryInfo } from '@drowse/protocol'
import type { UserDatabase } from '../users/user-database.ts'
import { modeString } from './mode-string.ts'

const PERMISSION_BITS = 0o777
const NANOSECONDS = 1_000_000_000n

/**
 * Describes the entry at `path` itself. A symlink has its target's type and mode, `symlinkTarget` (the resolved path, or its own
 * when the target is missing) and `isSymlink`. Throws the system's error when there is no entry.
 */
export async function entryInfo(path: string, users: UserDatabase): Promise<EntryInfo> {
  const found = await lstat(path, { bigint: true })
  const names = users.namesOf(Number(found.uid), Number(found.gid))
  const link = found.isSymbolicLink() ? await followLink(path) : undefined
  const described = link === undefined ? found : link.stats
  return create(EntryInfoSchema, {
    name: basename(path) || '/',
    path,
    type: described === undefined ? FileType.UNSPECIFIED : fileType(described),
    size: found.size,
    mode: described === undefined ? 0 : Number(described.mode) & PERMISSION_BITS,
    permissions: modeString(Number(found.mode)),
    ...names,
    modifiedTime: { seconds: found.mtimeNs / NANOSECONDS, nanos: Number(found.mtimeNs % NANOSECONDS) },
    isSymlink: link !== undefined,
    ...(link === undefined ? {} : { symlinkTarget: link.target }),
  })
}

async function followLink(path: string): Promise<{ target: string; stats: BigIntStats | undefined }> {
  try {
    const target = await realpath(path)
    return { target, stats: await stat(target, { bigint: true }) }
  } catch {
    return { target: path, stats: undefined }
  }
}

function fileType(found: BigIntStats): FileType {
  if (found.isFile()) return FileType.FILE
  return found.isDirectory() ? FileType.DIRECTORY : FileType.UNSPECIFIED
}
