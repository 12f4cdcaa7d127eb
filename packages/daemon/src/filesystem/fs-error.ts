import { DrowseError, type ErrorCode } from '@drowse/protocol'

const CODES: Readonly<Record<string, ErrorCode>> = {
  ENOENT: 'not_found',
  ENOTDIR: 'invalid_argument',
  EISDIR: 'invalid_argument',
  ELOOP: 'invalid_argument',
  ENAMETOOLONG: 'invalid_argument',
  EINVAL: 'invalid_argument',
  EEXIST: 'conflict',
  EACCES: 'permission_denied',
  EPERM: 'permission_denied',
  EROFS: 'permission_denied',
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
}

/** The system's code of a failed file call, such as `ENOENT`. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Turns a failed file call into an error that names the action and the path. Own errors are returned as they are. */
export function fsError(error: unknown, action: string, path: string): DrowseError {
  if (error instanceof DrowseError) return error
  const code = systemCode(error)
  if (code === 'ENOENT') return new DrowseError('not_found', `path '${path}' does not exist`, { cause: error })
  const reason = error instanceof Error ? error.message : String(error)
  return new DrowseError(CODES[code ?? ''] ?? 'internal', `Cannot ${action} "${path}": ${reason}`, { cause: error })
}
