import { chmodSync, chownSync, closeSync, constants, openSync } from 'node:fs'
import { DrowseError } from '@drowse/protocol'
import type { Libc } from './libc.ts'

/** Size of a terminal in characters. */
export interface TerminalSize {
  cols: number
  rows: number
}

/** A terminal's near end, and the path that programs open as theirs. */
export interface PseudoTerminal {
  descriptor: number
  path: string
}

const TIOCSWINSZ = 0x5414
const PATH_BYTES = 64
const MAX_CHARACTERS = 65_535

/**
 * Opens a new terminal of a size for a user, with group `gid` as its group. The near end does not block, and no child inherits it, so
 * that the last program's end is the terminal's.
 */
export function openTerminal(libc: Libc, owner: { uid: number; gid: number }, size: TerminalSize): PseudoTerminal {
  // Node opens everything with O_CLOEXEC.
  const descriptor = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
  try {
    libc.check(libc.unlockpt(descriptor), 'unlock the terminal')
    const name = Buffer.alloc(PATH_BYTES)
    libc.check(-libc.ptsname(descriptor, name, PATH_BYTES), 'name the terminal')
    const path = name.toString('utf8', 0, name.indexOf(0))
    if (process.getuid?.() === 0) {
      chownSync(path, owner.uid, owner.gid)
      chmodSync(path, 0o620)
    }
    resizeTerminal(libc, descriptor, size)
    return { descriptor, path }
  } catch (error) {
    closeSync(descriptor)
    throw error
  }
}

/** Sets a terminal's size; the programs in its foreground get SIGWINCH. Throws "invalid_argument" above 65535. */
export function resizeTerminal(libc: Libc, descriptor: number, { cols, rows }: TerminalSize): void {
  if (cols > MAX_CHARACTERS || rows > MAX_CHARACTERS) {
    throw new DrowseError('invalid_argument', `Cannot size terminal to "${cols}x${rows}": the most is 65535`)
  }
  const size = Buffer.alloc(8)
  size.writeUInt16LE(rows, 0)
  size.writeUInt16LE(cols, 2)
  libc.check(libc.ioctl(descriptor, TIOCSWINSZ, size), 'size the terminal')
}
