import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { ensureDirectory, writeFileAtomic } from '@drowse/common'
import type { DataFolder, TemplateBuild } from '@drowse/node'
import { DrowseError } from '@drowse/protocol'
import { processStartTime } from '../host/process-identity.ts'
import type { StepEvent } from '../steps/step.ts'
import type { TemplateRecipe } from './template-recipe.ts'

/** Time, in ms, between two writes of what a build does. */
const WRITE_INTERVAL_MS = 1_000

/** Most entries of a build's log that are kept. */
const LOG_ENTRIES = 200

/** What of a template a record needs to know. */
export type BuiltTemplate = Pick<TemplateRecipe, 'id' | 'names' | 'expectedSeconds'>

/**
 * `templates/<id>/build.json` of one build: the service, `status` and `doctor` see by it how far the build is, and clients what became of it.
 * It stays until the next build of the template.
 */
export class BuildRecord {
  readonly #path: string
  #build: TemplateBuild
  #writtenMs = 0
  #writing: Promise<void> = Promise.resolve()

  private constructor(path: string, build: TemplateBuild) {
    this.#path = path
    this.#build = build
  }

  /** Notes that the process `pid` builds a template from now on. */
  static async begin(folder: DataFolder, template: BuiltTemplate, pid: number): Promise<BuildRecord> {
    const directory = join(folder.templates, template.id)
    await ensureDirectory(directory)
    const { id, names, expectedSeconds } = template
    const startTime = (await processStartTime(pid)) ?? 0
    const startedAt = new Date().toISOString()
    const buildId = randomUUID()
    const build = { buildId, id, names, pid, startTime, startedAt, expectedSeconds, detail: 'starting', log: [] }
    const record = new BuildRecord(join(directory, 'build.json'), build)
    await record.#write()
    return record
  }

  /** Takes in what the build does; written at most once a second. */
  note(event: StepEvent): void {
    const { title } = event.step
    if (event.type === 'started') this.#tell('info', 'begins', title)
    if (event.type === 'progress') {
      this.#build = { ...this.#build, detail: event.detail }
      this.#tell('info', event.detail, title)
    }
    if (event.type === 'ended') this.#tell('info', event.outcome.detail ?? event.outcome.status, title)
    // The failure that ended the build is the first; the others came of it.
    if (event.type === 'failed') this.#build = { ...this.#build, failedStep: this.#build.failedStep ?? title }
    if (performance.now() - this.#writtenMs < WRITE_INTERVAL_MS) return
    this.#writtenMs = performance.now()
    this.#writing = this.#writing.then(() => this.#write()).catch(() => undefined) // the next one may work
  }

  /** Notes why the build failed, and what was printed last. */
  async fail(error: unknown): Promise<void> {
    await this.#writing
    const { message, details } = DrowseError.from(error)
    const printed = Array.isArray(details['log']) ? details['log'].map(String) : []
    for (const line of printed) this.#tell('error', line, this.#build.failedStep)
    this.#tell('error', message, this.#build.failedStep)
    await this.#end({ error: message })
  }

  /** Ends a build that went well. */
  async succeed(): Promise<void> {
    await this.#writing
    this.#tell('info', 'done')
    await this.#end({})
  }

  #tell(level: 'info' | 'error', message: string, step?: string): void {
    const entry = { timestamp: new Date().toISOString(), level, message, ...(step === undefined ? {} : { step }) }
    this.#build = { ...this.#build, log: [...this.#build.log, entry].slice(-LOG_ENTRIES) }
  }

  async #end(outcome: { error?: string }): Promise<void> {
    this.#build = { ...this.#build, ...outcome, endedAt: new Date().toISOString() }
    await this.#write()
  }

  async #write(): Promise<void> {
    await writeFileAtomic(this.#path, JSON.stringify(this.#build, null, 2))
  }
}
