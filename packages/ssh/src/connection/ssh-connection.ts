import type { Socket } from 'node:net'
import { systemClock, type Logger } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'
import ssh2, { type AuthContext, type Connection, type ServerChannel, type Session } from 'ssh2'
import { MAX_UNUSED_SESSIONS, MAX_WAITING_BYTES, type SshBounds } from '../bounds.ts'
import type { ChannelContext } from '../channel/channel-context.ts'
import { forwardPort } from '../forward/forward-port.ts'
import type { SandboxAccess } from '../sandbox-access.ts'
import { serveSession } from '../session/serve-session.ts'
import { ALGORITHMS } from './algorithms.ts'
import { judgeAttempt, type Login } from './authenticate.ts'

/** Most bytes before a client has said that it speaks SSH. */
const MAX_GREETING_BYTES = 4_096
/** Most attempts to prove who a client is, those that count as no failure included. */
const MAX_ATTEMPTS = 30
/** Time, in ms, that a client has to go by itself, and then to take a farewell. */
const FAREWELL_MS = 2_000

/** What {@link SshConnection} works with. */
export interface SshConnectionOptions {
  socket: Socket
  /** Private host key, in OpenSSH's format. */
  hostKey: string
  access: SandboxAccess
  bounds: SshBounds
  logger: Logger
  /** Counts a client in that has proved who it is; false when its sandbox has as many as it may have. */
  onLogin(connection: SshConnection): boolean
}

/** One client's connection, from its first byte to its last. */
export class SshConnection {
  readonly #options: SshConnectionOptions
  readonly #gone = new AbortController()
  readonly #channels = new Set<ServerChannel>()
  readonly #work = new Set<Promise<void>>()
  readonly #clearGrace: () => void
  #client: Connection | undefined
  #login: Login | undefined
  #refusal: string | undefined
  #openChannels = 0
  #unusedSessions = 0
  #failures = 0
  #attempts = 0
  #receivedBytes = 0
  #isLeaving = false

  constructor(options: SshConnectionOptions) {
    this.#options = options
    const { socket, hostKey, bounds } = options
    const grace = systemClock.setTimer(bounds.loginGraceMs, () => socket.destroy())
    this.#clearGrace = () => grace.cancel()
    socket.on('error', () => socket.destroy())
    socket.once('close', () => {
      grace.cancel()
      this.#gone.abort(new DrowseError('unavailable', 'The client went away'))
    })
    socket.setNoDelay(true)
    // Each channel that is held back waits for it.
    socket.setMaxListeners(0)
    // Before the library listens, so that nothing reaches it unmeasured.
    socket.on('data', (data: Buffer) => this.#measure(data.length))
    const server = new ssh2.Server({ hostKeys: [hostKey], algorithms: ALGORITHMS, ident: 'Drowse' })
    server.once('connection', (client) => this.#attend(client))
    server.injectSocket(socket)
  }

  /** Who the client has proved to be. */
  get login(): Login | undefined {
    return this.#login
  }

  /** Ends the connection once its channels have ended; what they have to say still arrives. */
  leave(): void {
    this.#isLeaving = true
    if (this.#openChannels === 0) this.#farewell()
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#options.socket.destroy()
  }

  /** Resolves when nothing more is done for this client: what ran for it has been told that it went. */
  async settled(): Promise<void> {
    await Promise.all(this.#work)
  }

  /** Counts a channel out when its `work`, which never rejects, is over. */
  #track(work: Promise<void>): void {
    const tracked = work.finally(() => {
      this.#work.delete(tracked)
      this.#leaveChannel()
    })
    this.#work.add(tracked)
  }

  #attend(client: Connection): void {
    const { socket, logger } = this.#options
    this.#client = client
    client.on('error', (error: Error) => {
      logger.debug({ err: error }, 'ssh: a connection failed')
      socket.destroy()
    })
    client.on('authentication', (attempt) => void this.#authenticate(attempt))
    client.on('session', (accept, reject) => this.#openSession(accept, reject))
    client.on('tcpip', (accept, reject, target) => {
      const context = this.#enterChannel()
      if (context === undefined) return reject()
      this.#track(forwardPort(context, { accept: () => this.#known(accept()), reject, target }))
    })
  }

  /** Never rejects. */
  async #authenticate(attempt: AuthContext): Promise<void> {
    const { access, bounds, logger, socket } = this.#options
    // One that was told to go may have more on its way.
    if (this.#failures >= bounds.maxAuthTries || ++this.#attempts > MAX_ATTEMPTS) return this.#farewell()
    try {
      const judgement = await judgeAttempt(access, attempt)
      if (socket.destroyed) return
      if (judgement.kind === 'acceptable') return attempt.accept()
      if (judgement.kind === 'proved') return this.#admit(judgement.login, attempt)
      attempt.reject(['publickey'])
      // Clients begin with "none" to learn what may be tried.
      if (attempt.method !== 'none' && ++this.#failures >= bounds.maxAuthTries) this.#farewell()
    } catch (error) {
      logger.error({ err: error }, 'ssh: could not check a key')
      socket.destroy()
    }
  }

  #admit(login: Login, attempt: AuthContext): void {
    this.#login = login
    if (!this.#options.onLogin(this)) {
      const { maxPerSandbox } = this.#options.bounds
      this.#refusal = `Too many SSH connections to this sandbox: ${maxPerSandbox} are open`
    } else {
      this.#clearGrace()
    }
    attempt.accept()
  }

  #openSession(accept: () => Session, reject: () => void): void {
    const context = this.#enterChannel()
    if (context === undefined) return reject()
    serveSession(context, accept(), {
      onChannel: (channel) => this.#known(channel),
      onRun: (ended) => this.#track(ended),
      onUnused: () => {
        this.#leaveChannel()
        if (++this.#unusedSessions > MAX_UNUSED_SESSIONS) this.destroy()
      },
    })
  }

  /** Room for one more channel; `undefined` when there is none. */
  #enterChannel(): ChannelContext | undefined {
    const { access, bounds, logger, socket } = this.#options
    if (this.#login === undefined || this.#isLeaving || this.#openChannels >= bounds.maxChannels) return undefined
    this.#openChannels++
    return { login: this.#login, refusal: this.#refusal, access, logger, socket, gone: this.#gone.signal }
  }

  #leaveChannel(): void {
    this.#openChannels--
    const isOver = this.#openChannels === 0 && (this.#isLeaving || this.#refusal !== undefined)
    // A client goes by itself once it has shown what it was told last, and at a farewell without showing it.
    if (isOver) this.#later(() => this.#farewell())
  }

  #known(channel: ServerChannel): ServerChannel {
    this.#channels.add(channel)
    channel.once('close', () => this.#channels.delete(channel))
    return channel
  }

  /** Cuts a client that does not keep to the protocol's windows, or that takes no answers: nothing else bounds what waits for either side. */
  #measure(bytes: number): void {
    this.#receivedBytes += bytes
    const isOverlong = this.#client === undefined && this.#receivedBytes > MAX_GREETING_BYTES
    const { socket } = this.#options
    const isFlooding = [...this.#channels].some((channel) => channel.readableLength > MAX_WAITING_BYTES)
    if (isOverlong || isFlooding || socket.writableLength > MAX_WAITING_BYTES) socket.destroy()
  }

  #farewell(): void {
    const { socket } = this.#options
    this.#client?.end()
    this.#later(() => socket.destroy())
  }
  /** Does something unless the connection has ended by itself in time. */
  #later(act: () => void): void {
    const timer = systemClock.setTimer(FAREWELL_MS, act)
    this.#options.socket.once('close', () => timer.cancel())
  }
}
