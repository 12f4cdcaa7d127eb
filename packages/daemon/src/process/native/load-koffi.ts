import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** Name of koffi's native part where it lies beside the bundled daemon. */
export const NATIVE_FILE = 'koffi.node'

/** A C function: takes numbers, strings, buffers and lists of strings, as its definition says. */
export type ForeignFunction = (...args: unknown[]) => number

/** The part of koffi, a caller of C functions, that the daemon uses. */
interface Koffi {
  load(path: string): { func(definition: string): ForeignFunction }
  /** The errno of the last call. */
  errno(): number
}

/** Loads koffi: its native part alone beside a bundle, the package when run from source. */
export function loadKoffi(): Koffi {
  const load = createRequire(import.meta.url)
  const beside = join(import.meta.dirname, NATIVE_FILE)
  // Both answer to this interface: the package adds checks and deprecated names.
  return load(existsSync(beside) ? beside : 'koffi') as Koffi
}

/** Path of koffi's native part for this machine, as installed. */
export function nativeFile(): string {
  const { platform, arch } = process
  return createRequire(import.meta.url).resolve(`@koromix/koffi-${platform}-${arch}/${platform}_${arch}/koffi.node`)
}
