import { silentLogger } from '@drowse/common'
import type { SandboxId } from '@drowse/protocol'
import type { FastifyInstance } from 'fastify'
import { createApp } from '../http/app.ts'
import { apiKeyRecord, newApiKey } from '../teams/api-key.ts'
import { Harness, TEAM } from './harness.ts'

/** What a call answered. */
export interface Answer {
  status: number
  text: string
  /** Empty for what is no JSON. */
  body: Record<string, unknown>
  headers: Record<string, unknown>
}

/** The REST API over the lifecycle harness. */
export class Api implements AsyncDisposable {
  readonly harness: Harness
  readonly #key: string
  #app: FastifyInstance

  private constructor(harness: Harness, app: FastifyInstance, key: string) {
    this.harness = harness
    this.#app = app
    this.#key = key
  }

  /** Makes and starts one. */
  static async start(): Promise<Api> {
    const harness = await Harness.start()
    const key = newApiKey()
    await harness.store.teams.insertKey(apiKeyRecord(key, { teamId: TEAM, name: 'test', nowMs: 0 }))
    return new Api(harness, await startApp(harness), key)
  }

  /** As a start after a crash does; calls on their way go on in the old service. */
  async restart(): Promise<void> {
    await this.harness.restart()
    this.#app = await startApp(this.harness)
  }

  /** Calls with the key of the harness's team. */
  async call(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS',
    url: string,
    options: { body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    const { body, headers = {} } = options
    const response = await this.#app.inject({
      method,
      url,
      headers: { 'x-api-key': this.#key, ...headers },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const isJson = String(response.headers['content-type']).startsWith('application/json')
    const parsed = isJson && response.body !== '' ? response.json<Record<string, unknown>>() : {}
    return { status: response.statusCode, text: response.body, body: parsed, headers: response.headers }
  }

  /** Makes a sandbox of the template `base`. */
  async create(body: object = {}): Promise<string> {
    const answer = await this.call('POST', '/sandboxes', { body: { templateID: 'base', ...body } })
    if (answer.status !== 201) throw new Error(`create answered ${answer.status}`)
    return String(answer.body['sandboxID'])
  }

  /** Makes a sandbox whose daemon does not answer. */
  async silentSandbox(): Promise<SandboxId> {
    const id = await this.harness.create({ autoPause: true, autoResume: true })
    this.harness.node.setGuestSilent(id, true)
    return id
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#app.close()
    await this.harness[Symbol.asyncDispose]()
  }
}

async function startApp(harness: Harness): Promise<FastifyInstance> {
  return await createApp({
    sandboxes: harness.service,
    metrics: harness.metrics,
    templates: harness.node,
    teams: harness.store.teams,
    sshKeys: harness.store.sshKeys,
    ssh: { facts: undefined, keyRemoved: () => {} },
    clock: harness.clock,
    logger: silentLogger,
    publicDomain: () => 'drowse.localhost:3443',
  })
}
