import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureDirectory, writeFileAtomic } from '@drowse/common'
import type { DataFolder, TemplateBuild } from '@drowse/node'
import { DrowseError } from '@drowse/protocol'
import { processStartTime } from '../host/process-identity.ts'
import type { StepEvent } from '../steps/step.ts'
import type { TemplateRecipe } from './template-recipe.ts'

/** Time, in ms, between two writes of what a build does. */
const WRITE_INTERVAL_MS = 1_000

/** `templates/<id>/build.json` of one build: the service, `status` and `doctor` see by it how far the build is. */
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
  static async begin(folder: DataFolder, recipe: TemplateRecipe, pid: number): Promise<BuildRecord> {
    const directory = join(folder.templates, recipe.id)
    await ensureDirectory(directory)
    const { id, names, expectedSeconds } = recipe
    const startTime = (await processStartTime(pid)) ?? 0
    const startedAt = new Date().toISOString()
    const build = { id, names, pid, startTime, startedAt, expectedSeconds, detail: 'starting' }
    const record = new BuildRecord(join(directory, 'build.json'), build)
    await record.#write()
    return record
  }

  /** Takes in what the build does; written at most once a second. */
  note(event: StepEvent): void {
    if (event.type !== 'progress') return
    this.#build = { ...this.#build, detail: event.detail }
    if (performance.now() - this.#writtenMs < WRITE_INTERVAL_MS) return
    this.#writtenMs = performance.now()
    this.#writing = this.#writing.then(() => this.#write()).catch(() => undefined) // the next one may work
  }

  /** Notes why the build failed. */
  async fail(error: unknown): Promise<void> {
    await this.#writing
    this.#build = { ...this.#build, error: DrowseError.from(error).message }
    await this.#write()
  }

  /** Ends a build that went well. */
  async remove(): Promise<void> {
    await this.#writing
    await rm(this.#path, { force: true })
  }

  async #write(): Promise<void> {
    await writeFileAtomic(this.#path, JSON.stringify(this.#build, null, 2))
  }
}
