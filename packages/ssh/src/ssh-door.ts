import { createServer, type Server, type Socket } from 'node:net'
import { deadline, raceSignal, type Logger } from '@drowse/common'
import { SSH_BOUNDS, type SshBounds } from './bounds.ts'
import { SshConnection } from './connection/ssh-connection.ts'
import type { HostKey } from './keys/host-key.ts'
import type { SandboxAccess } from './sandbox-access.ts'

/** Longest time, in ms, that a stop waits. */
const STOP_LIMIT_MS = 5_000

/** Settings of {@link SshDoor}. */
export interface SshDoorOptions {
  access: SandboxAccess
  hostKey: HostKey
  logger: Logger
  bounds?: Partial<SshBounds>
}

/** The door for SSH: sessions in sandboxes, and connections to their ports. */
export class SshDoor implements AsyncDisposable {
  readonly #options: SshDoorOptions
  readonly #bounds: SshBounds
  readonly #connections = new Set<SshConnection>()
  readonly #servers = new Set<Server>()

  constructor(options: SshDoorOptions) {
    this.#options = options
    this.#bounds = { ...SSH_BOUNDS, ...options.bounds }
  }

  /** A server for one address of the door; it is not listening yet. */
  makeServer(): Server {
    const server = createServer((socket) => this.#take(socket))
    this.#servers.add(server)
    server.once('close', () => this.#servers.delete(server))
    return server
  }

  /** Ends the connections of a sandbox that is gone, once its programs' ends are told. */
  sandboxGone(sandboxId: string): void {
    for (const connection of this.#connections) if (connection.login?.id === sandboxId) connection.leave()
  }

  /** Cuts the connections that a public key was used for. */
  keyRemoved(keyId: string): void {
    for (const connection of this.#connections) if (connection.login?.keyId === keyId) connection.destroy()
  }

  /** Closes the door, cuts every connection, and waits, 5 s at most, until what ran for them has been hung up on. Idempotent. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.#servers) server.close()
    const connections = [...this.#connections]
    for (const connection of connections) connection.destroy()
    const settled = Promise.all(connections.map(async (connection) => await connection.settled()))
    try {
      await raceSignal(settled, deadline(STOP_LIMIT_MS, 'hang up on programs'))
    } catch (error) {
      this.#options.logger.warn({ err: error }, 'ssh: stopping while programs of closed connections run')
    }
  }

  #take(socket: Socket): void {
    const anonymous = [...this.#connections].filter(({ login }) => login === undefined).length
    if (this.#connections.size >= this.#bounds.maxConnections || anonymous >= this.#bounds.maxAnonymous) {
      socket.destroy()
      return
    }
    const { access, hostKey, logger } = this.#options
    const connection = new SshConnection({
      socket,
      hostKey: hostKey.privateKey,
      access,
      bounds: this.#bounds,
      logger,
      onLogin: (known) => this.#hasRoom(known),
    })
    this.#connections.add(connection)
    socket.once('close', () => this.#connections.delete(connection))
  }

  #hasRoom({ login }: SshConnection): boolean {
    const same = [...this.#connections].filter((connection) => connection.login?.id === login?.id)
    return same.length <= this.#bounds.maxPerSandbox
  }
}
