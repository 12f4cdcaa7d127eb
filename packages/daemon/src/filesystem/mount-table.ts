import { readFileSync } from 'node:fs'

/** Types of file systems that another program or machine answers for (envd's list: NFS, SMB, FUSE). */
const NETWORK_TYPE = /^(nfs\d?|cifs|smb\d?|smbfs|fuse(\..*)?)$/

/** A mount of the guest. */
export interface Mount {
  path: string
  type: string
}

/** The guest's mounts now, in the order they were made; empty where procfs is missing. */
export function readMounts(): Mount[] {
  try {
    return parseMounts(readFileSync('/proc/self/mountinfo', 'utf8'))
  } catch {
    return []
  }
}

/** Reads the text of a mountinfo file; spaces in paths are octal there. */
export function parseMounts(text: string): Mount[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.split(' ')
    const path = fields[4]
    const type = fields[fields.indexOf('-') + 1]
    if (path === undefined || type === undefined || !line.includes(' - ')) return []
    return [{ path: path.replaceAll(/\\(\d{3})/g, (_, code: string) => String.fromCharCode(parseInt(code, 8))), type }]
  })
}

/** Whether a call on any path of the guest may have to wait for another program or machine. */
export function hasNetworkMount(mounts: readonly Mount[]): boolean {
  return mounts.some(({ type }) => NETWORK_TYPE.test(type))
}

/** Whether an absolute path without links is on such a mount. */
export function isOnNetworkMount(mounts: readonly Mount[], path: string): boolean {
  const holding = mounts.filter(
    (mount) => mount.path === '/' || path === mount.path || path.startsWith(`${mount.path}/`),
  )
  const length = Math.max(...holding.map((mount) => mount.path.length))
  // Of mounts on one place the last one is seen.
  const nearest = holding.findLast((mount) => mount.path.length === length)
  return nearest !== undefined && NETWORK_TYPE.test(nearest.type)
}
