import { randomBytes } from 'node:crypto'
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { DrowseError } from '@drowse/protocol'
import { fsError } from '../filesystem/fs-error.ts'
import { ensureDirectory } from '../filesystem/make-dir.ts'
import type { User } from '../users/user-database.ts'
import type { WrittenFile } from './write-file.ts'

/** Bytes that are copied at a time. */
const COPY_BYTES = 1024 * 1024

/** Body of `POST /files/compose`. */
export interface ComposeRequest {
  sources: string[]
  destination: string
  username: string | undefined
}

/** Checks the body of `POST /files/compose`. Throws "invalid_argument". */
export function parseCompose(body: unknown): ComposeRequest {
  if (typeof body !== 'object' || body === null) throw wrong('invalid request body: it is not an object')
  const { source_paths: sources, destination, username } = body as Record<string, unknown>
  if (!Array.isArray(sources) || !sources.every((source) => typeof source === 'string')) {
    throw wrong('invalid request body: source_paths is not a list of strings')
  }
  if (sources.length === 0) throw wrong('source_paths must not be empty')
  if (typeof destination !== 'string' || destination === '') throw wrong('destination is required')
  if (username !== undefined && username !== null && typeof username !== 'string') {
    throw wrong('invalid request body: username is not a string')
  }
  return { sources, destination, username: username ?? undefined }
}

/**
 * Joins files into one and deletes them. `resolve` turns a path of the request into an absolute one. Until all is written, `destination`
 * is what it was; a failure leaves it and the sources alone. Throws "not_found" for a missing source, "disk_full", and
 * "invalid_argument" for one that is no file or the destination itself.
 */
export async function composeFiles(
  request: ComposeRequest,
  resolve: (path: string) => string,
  user: User,
): Promise<WrittenFile> {
  const destination = resolve(request.destination)
  const sources = request.sources.map(resolve)
  for (const [index, source] of sources.entries()) {
    await checkSource(source, request.sources[index] ?? source, destination)
  }
  await ensureDirectory(dirname(destination), user)
  const draft = `${destination}.drowse-compose.${randomBytes(8).toString('hex')}.tmp`
  try {
    await join(sources, draft, user)
    await rename(draft, destination)
  } catch (error) {
    await rm(draft, { force: true })
    throw fsError(error, 'compose', destination)
  }
  for (const source of sources) await rm(source, { force: true })
  return { name: basename(destination), path: destination, type: 'file' }
}

async function checkSource(path: string, asked: string, destination: string): Promise<void> {
  if (path === destination) throw wrong(`source path "${asked}" cannot be the same as destination`)
  const found = await stat(path).catch((error: unknown) => {
    throw new DrowseError('not_found', `source file not found: ${asked}`, { cause: error })
  })
  if (!found.isFile()) throw wrong(`source path is not a regular file: ${asked}`)
}

async function join(sources: readonly string[], draft: string, user: User): Promise<void> {
  const target = await open(draft, 'wx', 0o666)
  try {
    await target.chown(user.uid, user.gid)
    const buffer = Buffer.alloc(COPY_BYTES)
    for (const source of sources) await append(source, target, buffer)
  } finally {
    await target.close()
  }
}

async function append(source: string, target: FileHandle, buffer: Buffer): Promise<void> {
  const from = await open(source)
  try {
    for (;;) {
      const { bytesRead } = await from.read(buffer, 0, buffer.length, null)
      if (bytesRead === 0) return
      await target.writeFile(buffer.subarray(0, bytesRead))
    }
  } finally {
    await from.close()
  }
}

function wrong(message: string): DrowseError {
  return new DrowseError('invalid_argument', message)
}
