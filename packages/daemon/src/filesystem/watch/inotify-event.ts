import { EventType } from '@drowse/protocol'

/** Kinds of inotify events by their bits, as the kernel's header names them. */
export const IN = {
  MODIFY: 0x2,
  ATTRIB: 0x4,
  MOVED_FROM: 0x40,
  MOVED_TO: 0x80,
  CREATE: 0x100,
  DELETE: 0x200,
  DELETE_SELF: 0x400,
  MOVE_SELF: 0x800,
  Q_OVERFLOW: 0x4000,
  IGNORED: 0x8000,
  ONLYDIR: 0x1000000,
  ISDIR: 0x40000000,
} as const

/** What a directory is watched for: what fsnotify, which hosted sandboxes use, watches for. */
export const WATCH_MASK =
  IN.MODIFY |
  IN.ATTRIB |
  IN.MOVED_FROM |
  IN.MOVED_TO |
  IN.CREATE |
  IN.DELETE |
  IN.DELETE_SELF |
  IN.MOVE_SELF |
  IN.ONLYDIR

/** One event as the kernel gives it. */
export interface InotifyEvent {
  watch: number
  mask: number
  /** Of the entry in the watched directory; empty when it is about the directory itself. */
  name: string
}

/** Bytes before an event's name. */
const HEAD_BYTES = 16

/** Reads the events that one read of an inotify descriptor gave. */
export function parseInotify(bytes: Buffer): InotifyEvent[] {
  const events: InotifyEvent[] = []
  for (let at = 0; at + HEAD_BYTES <= bytes.length;) {
    const end = at + HEAD_BYTES + bytes.readUInt32LE(at + 12)
    const padded = bytes.toString('utf8', at + HEAD_BYTES, end)
    const name = padded.split('\0', 1)[0] ?? ''
    events.push({ watch: bytes.readInt32LE(at), mask: bytes.readUInt32LE(at + 4), name })
    at = end
  }
  return events
}

/** The type that clients are told, by fsnotify's rules: what was moved away is renamed, what was moved here is created. */
export function eventType(mask: number): EventType | undefined {
  if ((mask & (IN.CREATE | IN.MOVED_TO)) !== 0) return EventType.CREATE
  if ((mask & (IN.DELETE | IN.DELETE_SELF)) !== 0) return EventType.REMOVE
  if ((mask & IN.MODIFY) !== 0) return EventType.WRITE
  if ((mask & (IN.MOVED_FROM | IN.MOVE_SELF)) !== 0) return EventType.RENAME
  if ((mask & IN.ATTRIB) !== 0) return EventType.CHMOD
  return undefined
}
