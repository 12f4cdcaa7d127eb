import { closeSync, existsSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CGROUP_ROOT, statField } from '../cgroup-files.ts'

/** The memory side of one sandbox's cgroup; made to be asked often. Throws the system's error once the cgroup is gone. */
export class MemoryCgroup implements Disposable {
  readonly #directory: string
  readonly #isV1: boolean
  readonly #usage: number
  readonly #buffer = Buffer.alloc(32)

  /** Opens the cgroup at `path` below each hierarchy's mount. */
  constructor(path: string) {
    const v1 = join(CGROUP_ROOT, 'memory', path)
    this.#isV1 = existsSync(v1)
    this.#directory = this.#isV1 ? v1 : join(CGROUP_ROOT, path)
    this.#usage = openSync(this.#file(this.#isV1 ? 'memory.usage_in_bytes' : 'memory.current'), 'r')
  }

  /** Everything that is charged, in bytes: the host's page cache of the guest's files too. One system call, 2 µs. */
  usageBytes(): number {
    const length = readSync(this.#usage, this.#buffer, 0, this.#buffer.length, 0)
    return Number(this.#buffer.toString('latin1', 0, length))
  }

  /** What the kernel cannot take back: memory of the guest, in-memory files and the Sentry's own, in bytes. */
  heldBytes(): number {
    const stat = readFileSync(this.#file('memory.stat'), 'latin1')
    const read = (name: string): number => statField(stat, name)
    return this.#isV1 ? read('total_rss') + read('total_shmem') : read('anon') + read('shmem')
  }

  /** Whether tasks wait for memory because the limit is reached; with {@link MemoryCgroup.holdAtLimit} only. */
  isStuck(): boolean {
    return this.#isV1 && /^under_oom 1$/m.test(readFileSync(this.#file('memory.oom_control'), 'latin1'))
  }

  /** What the host lets the sandbox use, in bytes. Throws when it uses more and the kernel can't take it back. */
  limit(bytes: number): void {
    const file = this.#file(this.#isV1 ? 'memory.limit_in_bytes' : 'memory.max')
    // The kernel takes 1 to 6 ms for a write, also of what is set already, as after each thaw.
    if (readFileSync(file, 'latin1').trim() !== String(bytes)) writeFileSync(file, String(bytes))
  }

  /**
   * At the limit tasks wait instead of being killed, the Sentry with them, and so the whole sandbox, until there is memory again.
   * In v2 they are slowed down from `highBytes` on, and are killed at the limit.
   */
  holdAtLimit(isHeld: boolean, highBytes: number): void {
    if (this.#isV1) writeFileSync(this.#file('memory.oom_control'), isHeld ? '1' : '0')
    else writeFileSync(this.#file('memory.high'), isHeld ? String(highBytes) : 'max')
  }

  [Symbol.dispose](): void {
    closeSync(this.#usage)
  }

  #file(name: string): string {
    return join(this.#directory, name)
  }
}
