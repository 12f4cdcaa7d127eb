import { STATUS_CODE } from 'ssh2/lib/protocol/SFTP.js'

/** A failure that has a status of its own. */
export class SftpFailure extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const STATUS_OF_ERROR: Readonly<Record<string, number>> = {
  ENOENT: STATUS_CODE.NO_SUCH_FILE,
  ENOTDIR: STATUS_CODE.NO_SUCH_FILE,
  ELOOP: STATUS_CODE.NO_SUCH_FILE,
  EACCES: STATUS_CODE.PERMISSION_DENIED,
  EPERM: STATUS_CODE.PERMISSION_DENIED,
  EROFS: STATUS_CODE.PERMISSION_DENIED,
  ENOTSUP: STATUS_CODE.OP_UNSUPPORTED,
}

/** How a failure is told. */
export function failureStatus(error: unknown): { status: number; message: string } {
  if (error instanceof SftpFailure) return { status: error.status, message: error.message }
  const { code = '', message } = error as NodeJS.ErrnoException
  return { status: STATUS_OF_ERROR[code] ?? STATUS_CODE.FAILURE, message }
}
