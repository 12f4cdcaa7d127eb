import type { Socket } from 'node:net'
import type { Logger } from '@drowse/common'
import type { Login } from '../connection/authenticate.ts'
import type { SandboxAccess } from '../sandbox-access.ts'

/** What every channel of a connection works with. */
export interface ChannelContext {
  login: Login
  /** Why the sandbox is not to be opened; told in its place. */
  refusal: string | undefined
  access: SandboxAccess
  logger: Logger
  /** The client's connection. */
  socket: Socket
  /** Aborts when the client is gone. */
  gone: AbortSignal
}
