import { getSystemErrorMessage } from 'node:util'
import { bindLibc, type BoundLibc } from './bind-libc.ts'

const DEFINITIONS = {
  pipe2: 'int pipe2(void *ends, int flags)',
  ioctl: 'int ioctl(int descriptor, unsigned long request, void *argument)',
  setrlimit: 'int setrlimit(int resource, void *limit)',
  unlockpt: 'int unlockpt(int descriptor)',
  ptsname: 'int ptsname_r(int descriptor, void *buffer, size_t size)',
  waitpid: 'int waitpid(int pid, void *status, int options)',
  spawn:
    'int posix_spawn(void *pid, const char *path, void *actions, void *attributes, const char **argv, const char **envp)',
  initActions: 'int posix_spawn_file_actions_init(void *actions)',
  addOpen:
    'int posix_spawn_file_actions_addopen(void *actions, int descriptor, const char *path, int flags, unsigned int mode)',
  addDup2: 'int posix_spawn_file_actions_adddup2(void *actions, int from, int to)',
  addChdir: 'int posix_spawn_file_actions_addchdir_np(void *actions, const char *path)',
  destroyActions: 'int posix_spawn_file_actions_destroy(void *actions)',
  initAttributes: 'int posix_spawnattr_init(void *attributes)',
  setFlags: 'int posix_spawnattr_setflags(void *attributes, short flags)',
  setDefaultSignals: 'int posix_spawnattr_setsigdefault(void *attributes, void *signals)',
  setSignalMask: 'int posix_spawnattr_setsigmask(void *attributes, void *signals)',
  destroyAttributes: 'int posix_spawnattr_destroy(void *attributes)',
  /** By number, as the C library's own setuid and friends change all threads. */
  callWithIds: 'long syscall(long number, unsigned int real, unsigned int effective, unsigned int saved)',
  callWithList: 'long syscall(long number, unsigned long count, void *list)',
} as const

/** The functions of the C library that Node has no way to call. */
export type Libc = BoundLibc<keyof typeof DEFINITIONS> & {
  /** Throws what errno says unless `result` is 0 or more. */
  check(result: number, action: string): void
}

/** Finds the functions in the C library that this process runs on. */
export function loadLibc(): Libc {
  const bound = bindLibc(DEFINITIONS)
  return {
    ...bound,
    check(result, action) {
      if (result < 0) throw new Error(`Cannot ${action}: ${getSystemErrorMessage(-bound.errno())}`)
    },
  }
}
