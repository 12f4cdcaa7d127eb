import { getSystemErrorName } from 'node:util'
import { bindLibc, type BoundLibc } from '../../process/native/bind-libc.ts'

/** Most bytes of a file's list of attribute names that are read; the kernel's own limit (XATTR_LIST_MAX). */
const MAX_LIST_BYTES = 65_536
/** Most bytes of an attribute's value; the kernel's own limit (XATTR_SIZE_MAX), so that none that a program inside has set is too long to be read. */
const MAX_VALUE_BYTES = 65_536

const DEFINITIONS = {
  listxattr: 'int64_t listxattr(const char *path, _Out_ uint8_t *list, uint64_t size)',
  getxattr: 'int64_t getxattr(const char *path, const char *name, _Out_ uint8_t *value, uint64_t size)',
  flistxattr: 'int64_t flistxattr(int fd, _Out_ uint8_t *list, uint64_t size)',
  fsetxattr: 'int fsetxattr(int fd, const char *name, const uint8_t *value, uint64_t size, int flags)',
  fremovexattr: 'int fremovexattr(int fd, const char *name)',
  inotifyInit: 'int inotify_init1(int flags)',
  inotifyAddWatch: 'int inotify_add_watch(int fd, const char *path, uint32_t mask)',
  inotifyRemoveWatch: 'int inotify_rm_watch(int fd, int wd)',
} as const

/**
 * The C library's calls about files that Node lacks: extended attributes and inotify. Each takes microseconds and blocks, so none may go
 * to a file system that can hang. A failure is thrown as Node throws one: an error with the system's `code`. They are bound at the first call.
 */
export class FileCalls {
  readonly #list = Buffer.alloc(MAX_LIST_BYTES)
  readonly #value = Buffer.alloc(MAX_VALUE_BYTES)
  #libc: BoundLibc<keyof typeof DEFINITIONS> | undefined

  /** Names of the attributes of what is at `path`; links are followed. */
  listAttributes(path: string): string[] {
    return this.#names('listxattr', this.#call().listxattr(path, this.#list, this.#list.length))
  }

  /** An attribute's value; links are followed. */
  getAttribute(path: string, name: string): string {
    const length = this.#call().getxattr(path, name, this.#value, this.#value.length)
    this.#check('getxattr', length)
    return this.#value.toString('utf8', 0, length)
  }

  /** Names of the attributes of an open file. */
  listFileAttributes(fd: number): string[] {
    return this.#names('flistxattr', this.#call().flistxattr(fd, this.#list, this.#list.length))
  }

  /** Sets an attribute of an open file. */
  setFileAttribute(fd: number, name: string, value: string): void {
    const bytes = Buffer.from(value)
    this.#check('fsetxattr', this.#call().fsetxattr(fd, name, bytes, bytes.length, 0))
  }

  /** Removes an attribute of an open file. */
  removeFileAttribute(fd: number, name: string): void {
    this.#check('fremovexattr', this.#call().fremovexattr(fd, name))
  }

  /** A new inotify instance that programs started later do not inherit. Reads of it block. */
  inotifyInit(): number {
    const CLOSE_ON_EXEC = 0o2000000
    return this.#check('inotify_init1', this.#call().inotifyInit(CLOSE_ON_EXEC))
  }

  /** Watches a path and returns the watch's number; the number of an inode that is watched already stays the same. */
  inotifyAddWatch(fd: number, path: string, mask: number): number {
    return this.#check('inotify_add_watch', this.#call().inotifyAddWatch(fd, path, mask))
  }

  /** Ends a watch; a reader of the instance gets `IN_IGNORED`. One that is gone already is fine. */
  inotifyRemoveWatch(fd: number, watch: number): void {
    this.#call().inotifyRemoveWatch(fd, watch)
  }

  #names(call: string, length: number): string[] {
    this.#check(call, length)
    return length === 0 ? [] : this.#list.toString('utf8', 0, length - 1).split('\0')
  }

  #check(call: string, result: number): number {
    if (result >= 0) return result
    const code = getSystemErrorName(-this.#call().errno())
    throw Object.assign(new Error(`${code}: ${call}`), { code, syscall: call })
  }

  #call(): BoundLibc<keyof typeof DEFINITIONS> {
    return (this.#libc ??= bindLibc(DEFINITIONS))
  }
}
