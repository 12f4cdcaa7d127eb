import { constants } from 'node:fs'
import {
  chmod,
  chown,
  lstat,
  mkdir,
  open,
  readdir,
  readlink,
  realpath,
  rename,
  rmdir,
  stat,
  symlink,
  truncate,
  unlink,
  utimes,
  type FileHandle,
} from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { OPEN_MODE, STATUS_CODE, type SFTP, type WireAttributes } from 'ssh2/lib/protocol/SFTP.js'
import { wireAttributes, wireName } from './attributes.ts'
import { HandleTable } from './handle-table.ts'
import { failureStatus, SftpFailure } from './status.ts'

/** Most bytes of one answer to a read; clients ask again for the rest. */
const MAX_READ_BYTES = 256 * 1024
/** Most names of one answer. */
const MAX_NAMES = 100
/** Mode of what a client makes without saying one; the umask takes from it. */
const FILE_MODE = 0o666
const DIRECTORY_MODE = 0o777
const PERMISSION_BITS = 0o7777

/**
 * Answers the requests of SFTP version 3 from the file system, with the rights of the user that this process runs as.
 *
 * One after the other, in the order in which they came: the protocol leaves that open, but OpenSSH's clients cut a file off where the answers to
 * their writes are out of order.
 */
export class FileService {
  readonly #wire: SFTP
  readonly #handles = new HandleTable()
  /** Ends when all requests so far are answered. */
  #turn: Promise<void> = Promise.resolve()

  constructor(wire: SFTP) {
    this.#wire = wire
  }

  /** Begins to answer. Each request is answered once, whatever becomes of it. */
  listen(): void {
    this.#listenForFiles()
    this.#listenForPaths()
  }

  #listenForFiles(): void {
    this.#on('OPEN', async (request, path: string, flags: number, attrs: WireAttributes) => {
      this.#handles.checkRoom()
      const file = await open(path, openFlags(flags), (attrs.mode ?? FILE_MODE) & PERMISSION_BITS)
      const isAppending = (flags & OPEN_MODE.APPEND) !== 0
      this.#wire.handle(request, this.#handles.add({ kind: 'file', file, isAppending }))
    })
    this.#on('READ', async (request, handle: Buffer, offset: number, length: number) => {
      const { file } = this.#handles.getFile(handle)
      const wanted = Math.min(length, MAX_READ_BYTES)
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, offset)
      if (bytesRead === 0) this.#wire.status(request, STATUS_CODE.EOF)
      else this.#wire.data(request, buffer.subarray(0, bytesRead))
    })
    this.#on('WRITE', async (request, handle: Buffer, offset: number, data: Buffer) => {
      const { file, isAppending } = this.#handles.getFile(handle)
      await writeAll(file, data, isAppending ? null : offset)
      this.#done(request)
    })
    this.#on('FSTAT', async (request, handle: Buffer) => {
      this.#wire.attrs(request, wireAttributes(await this.#handles.getFile(handle).file.stat()))
    })
    this.#on('FSETSTAT', async (request, handle: Buffer, attrs: WireAttributes) => {
      const { file } = this.#handles.getFile(handle)
      await setAttributes(attrs, {
        truncate: async (size) => await file.truncate(size),
        chmod: async (mode) => await file.chmod(mode),
        chown: async (uid, gid) => await file.chown(uid, gid),
        utimes: async (atime, mtime) => await file.utimes(atime, mtime),
      })
      this.#done(request)
    })
    this.#on('CLOSE', async (request, handle: Buffer) => {
      const taken = this.#handles.take(handle)
      if (taken.kind === 'file') await taken.file.close()
      this.#done(request)
    })
    this.#on('OPENDIR', async (request, path: string) => {
      this.#handles.checkRoom()
      const left = ['.', '..', ...(await readdir(path))]
      this.#wire.handle(request, this.#handles.add({ kind: 'directory', path: resolve(path), left }))
    })
    this.#on('READDIR', async (request, handle: Buffer) => {
      const { path, left } = this.#handles.getDirectory(handle)
      const names = left.splice(0, MAX_NAMES)
      if (names.length === 0) return this.#wire.status(request, STATUS_CODE.EOF)
      // One that has gone meanwhile is told without its attributes.
      const stats = await Promise.all(names.map(async (name) => await lstat(join(path, name)).catch(() => undefined)))
      this.#wire.name(
        request,
        names.map((name, i) => wireName(name, stats[i])),
      )
    })
  }

  #listenForPaths(): void {
    this.#on('STAT', async (request, path: string) => this.#wire.attrs(request, wireAttributes(await stat(path))))
    this.#on('LSTAT', async (request, path: string) => this.#wire.attrs(request, wireAttributes(await lstat(path))))
    this.#on('SETSTAT', async (request, path: string, attrs: WireAttributes) => {
      await setAttributes(attrs, {
        truncate: async (size) => await truncate(path, size),
        chmod: async (mode) => await chmod(path, mode),
        chown: async (uid, gid) => await chown(path, uid, gid),
        utimes: async (atime, mtime) => await utimes(path, atime, mtime),
      })
      this.#done(request)
    })
    this.#on('REALPATH', async (request, path: string) => {
      // What does not exist yet has a path too: a client is about to make it.
      const filename = await realpath(path === '' ? '.' : path).catch(() => resolve(path))
      this.#wire.name(request, { filename })
    })
    this.#on('READLINK', async (request, path: string) => this.#wire.name(request, { filename: await readlink(path) }))
    this.#change('REMOVE', unlink)
    this.#change('RMDIR', rmdir)
    this.#change('MKDIR', async (path: string, attrs: WireAttributes) => {
      await mkdir(path, (attrs.mode ?? DIRECTORY_MODE) & PERMISSION_BITS)
    })
    this.#change('SYMLINK', async (link: string, target: string) => await symlink(target, link))
    this.#change('RENAME', async (from: string, to: string) => {
      const isTaken = await lstat(to).then(
        () => true,
        () => false,
      )
      // As this version of the protocol has it; nothing is to be lost by a rename.
      if (isTaken) throw new SftpFailure(STATUS_CODE.FAILURE, `${to} exists`)
      await rename(from, to)
    })
  }

  /** Answers a request that ends in a mere success. */
  #change(name: string, change: (...args: never[]) => Promise<void>): void {
    this.#on(name, async (request, ...args: never[]) => {
      await change(...args)
      this.#done(request)
    })
  }

  /** The library's documents say which arguments come with which request. */
  #on(name: string, answer: (request: number, ...args: never[]) => Promise<void>): void {
    this.#wire.on(name, (request: number, ...args: unknown[]) => {
      this.#turn = this.#turn.then(async () => {
        try {
          await answer(request, ...(args as never[]))
        } catch (error) {
          const { status, message } = failureStatus(error)
          this.#wire.status(request, status, message)
        }
      })
    })
  }

  #done(request: number): void {
    this.#wire.status(request, STATUS_CODE.OK)
  }
}

/** How attributes of one file are set. */
interface Setters {
  truncate(size: number): Promise<void>
  chmod(mode: number): Promise<void>
  chown(uid: number, gid: number): Promise<void>
  /** Seconds. */
  utimes(atime: number, mtime: number): Promise<void>
}

async function setAttributes({ size, mode, uid, gid, atime, mtime }: WireAttributes, set: Setters): Promise<void> {
  if (size !== undefined) await set.truncate(size)
  if (uid !== undefined && gid !== undefined) await set.chown(uid, gid)
  if (mode !== undefined) await set.chmod(mode & PERMISSION_BITS)
  // Last, as the others touch them.
  if (atime !== undefined && mtime !== undefined) await set.utimes(atime, mtime)
}

/** `null` for the end of the file. */
async function writeAll(file: FileHandle, data: Buffer, offset: number | null): Promise<void> {
  for (let written = 0; written < data.length;) {
    const place = offset === null ? null : offset + written
    written += (await file.write(data, written, data.length - written, place)).bytesWritten
  }
}

function openFlags(flags: number): number {
  const isWriting = (flags & OPEN_MODE.WRITE) !== 0
  const isReading = (flags & OPEN_MODE.READ) !== 0
  const access = isWriting ? (isReading ? constants.O_RDWR : constants.O_WRONLY) : constants.O_RDONLY
  const further: [number, number][] = [
    [OPEN_MODE.APPEND, constants.O_APPEND],
    [OPEN_MODE.CREAT, constants.O_CREAT],
    [OPEN_MODE.TRUNC, constants.O_TRUNC],
    [OPEN_MODE.EXCL, constants.O_EXCL],
  ]
  return further.reduce((all, [wire, system]) => (flags & wire ? all | system : all), access)
}
