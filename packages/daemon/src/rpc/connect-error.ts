import { Code, ConnectError } from '@connectrpc/connect'
import { DrowseError, type ErrorCode } from '@drowse/protocol'

const CODES: Partial<Record<ErrorCode, Code>> = {
  invalid_argument: Code.InvalidArgument,
  unauthenticated: Code.Unauthenticated,
  permission_denied: Code.PermissionDenied,
  not_found: Code.NotFound,
  conflict: Code.AlreadyExists,
  rate_limited: Code.ResourceExhausted,
  disk_full: Code.ResourceExhausted,
  unavailable: Code.Unavailable,
  deadline_exceeded: Code.DeadlineExceeded,
}

/** What a client is told about anything thrown by a call. */
export function connectError(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error
  if (error instanceof DrowseError) {
    return new ConnectError(error.message, CODES[error.code] ?? Code.Internal, undefined, undefined, error)
  }
  const message = error instanceof Error ? error.message : String(error)
  return new ConnectError(message, Code.Internal, undefined, undefined, error)
}

/** Runs a unary call and turns what it throws into a Connect error. */
export async function answer<T>(call: () => T | Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw connectError(error)
  }
}
