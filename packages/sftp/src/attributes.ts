import type { Stats } from 'node:fs'
import type { WireAttributes, WireName } from 'ssh2/lib/protocol/SFTP.js'

/** What a client is told of a file. */
export function wireAttributes({ mode, uid, gid, size, atimeMs, mtimeMs }: Stats): WireAttributes {
  return { mode, uid, gid, size, atime: seconds(atimeMs), mtime: seconds(mtimeMs) }
}

/** One line of a listing. The long form is for people only; clients that show one make it themselves. */
export function wireName(filename: string, stats: Stats | undefined): WireName {
  if (stats === undefined) return { filename, longname: filename, attrs: {} }
  const when = new Date(stats.mtimeMs).toISOString().slice(0, 16).replace('T', ' ')
  const numbers = [stats.nlink, stats.uid, stats.gid, stats.size].join(' ')
  const longname = `${modeText(stats)} ${numbers} ${when} ${filename}`
  return { filename, longname, attrs: wireAttributes(stats) }
}

function modeText(stats: Stats): string {
  const kind = stats.isDirectory() ? 'd' : stats.isSymbolicLink() ? 'l' : '-'
  const bits = Array.from('rwxrwxrwx', (letter, i) => (stats.mode & (0o400 >> i) ? letter : '-'))
  return kind + bits.join('')
}

/** Times are 32 bits on the wire. */
function seconds(ms: number): number {
  return Math.min(Math.max(Math.floor(ms / 1000), 0), 0xffff_ffff)
}
