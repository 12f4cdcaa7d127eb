import type { Logger } from '@drowse/common'
import { listenOn } from '@drowse/gateway'
import { ensureHostKey, SshDoor, type HostKey, type SandboxAccess } from '@drowse/ssh'

/** What {@link SshFront} is built from. */
export interface SshFrontOptions {
  access: SandboxAccess
  /** 0 takes a free one; `undefined` opens no door. */
  port: number | undefined
  bindAddresses: readonly string[]
  secretsDirectory: string
  logger: Logger
}

/** Where and as whom the door answers. */
export interface SshFacts {
  port: number
  hostKey: Omit<HostKey, 'privateKey'>
}

/** The SSH door of a service, or its absence. */
export class SshFront implements AsyncDisposable {
  readonly #options: SshFrontOptions
  #door: SshDoor | undefined
  #facts: SshFacts | undefined

  constructor(options: SshFrontOptions) {
    this.#options = options
  }

  /** `undefined` while there is no door. */
  get facts(): SshFacts | undefined {
    return this.#facts
  }

  /** Opens the door where one is set and gives its port. Throws "setup_failed" with what to do when that does not work. */
  async listen(): Promise<number | undefined> {
    const { access, port, bindAddresses: addresses, secretsDirectory, logger } = this.#options
    if (port === undefined) return undefined
    const { privateKey, publicKey, fingerprint } = await ensureHostKey(secretsDirectory)
    const door = new SshDoor({ access, hostKey: { privateKey, publicKey, fingerprint }, logger })
    this.#door = door
    const listening = await listenOn({
      addresses,
      port,
      portSetting: 'DROWSE_SSH_PORT',
      makeServer: () => ({ server: door.makeServer() }),
      logger,
    })
    this.#facts = { port: listening.port, hostKey: { publicKey, fingerprint } }
    return listening.port
  }

  /** Ends the connections to a sandbox that is gone. */
  sandboxGone(sandboxId: string): void {
    this.#door?.sandboxGone(sandboxId)
  }

  /** Cuts the connections that a public key opened. */
  keyRemoved(keyId: string): void {
    this.#door?.keyRemoved(keyId)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#door?.[Symbol.asyncDispose]()
  }
}
