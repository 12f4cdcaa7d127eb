import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configSchema } from '@drowse/common'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { judgeTemplates } from '../checks/check-templates.ts'
import { setupContext, type SetupContext } from '../context.ts'
import { runSteps } from '../steps/run-steps.ts'
import { workspace } from '../workspace.ts'
import { listTemplateBuilds } from '@drowse/node'
import { BuildRecord } from './build-record.ts'
import { buildTemplates } from './build-templates.ts'
import { progressWords } from './run-build.ts'
import { findDefinition } from './template-definition.ts'
import { readTemplateRecipe, recipeIds } from './template-recipe.ts'
import { templateStates } from './template-states.ts'
import { isTemplateBuilt, templateSteps } from './template-steps.ts'

const REPOSITORY = join(import.meta.dirname, '..', '..', '..', '..')
const ID = 'code-interpreter-v1'
const places = workspace(REPOSITORY)
const { signal } = new AbortController()

describe('templates of the clone', () => {
  let context: SetupContext
  beforeEach(async () => {
    const dataDirectory = await mkdtemp(join(tmpdir(), 'drowse-templates-'))
    context = setupContext({
      config: configSchema.parse({ dataDirectory, memoryMb: 512 }),
      repository: REPOSITORY,
      env: {},
    })
    for (const path of [context.folder.layers, context.folder.templates]) await mkdir(path)
  })
  afterEach(() => rm(context.folder.root, { recursive: true }))

  async function putLayers(...ids: string[]): Promise<void> {
    for (const id of ids) {
      await mkdir(join(context.folder.layers, id, 'root'), { recursive: true })
      await writeFile(join(context.folder.layers, id, 'layer.json'), '{}')
    }
  }

  it('a recipe is found by its id and names, and layers are called by their inputs', async () => {
    expect(await recipeIds(places)).toEqual([ID])
    const recipe = await readTemplateRecipe(places, 'code-interpreter')
    expect(recipe.id).toBe(ID)
    expect(recipe.layers.map(({ id }) => id)).toEqual([
      expect.stringMatching(/^code-interpreter-v1-python-[0-9a-f]{12}$/),
      expect.stringMatching(/^code-interpreter-v1-debian-[0-9a-f]{12}$/),
    ])
    for (const pinned of recipe.layers[0]?.packages ?? []) expect(pinned).toMatch(/^[\w.-]+==[\w.]+$/)
    await expect(readTemplateRecipe(places, 'other')).rejects.toMatchObject({ code: 'not_found' })
  })

  it('the definition comes once every layer is there', async () => {
    const recipe = await readTemplateRecipe(places, ID)
    const build = (): Promise<void> => runSteps(templateSteps(context, recipe), { onEvent: () => undefined, signal })
    await expect(build()).rejects.toThrow('base template of this clone is not there')
    expect(await isTemplateBuilt(context, recipe)).toBe(false)
    const layers = [...recipe.layers.map(({ id }) => id), recipe.baseLayerId]
    await putLayers(...layers)
    await build()
    expect(await isTemplateBuilt(context, recipe)).toBe(true)
    expect(await findDefinition(context.folder, ID)).toMatchObject({ names: recipe.names, layers, memoryMb: 1024 })
    expect(await templateStates(context)).toEqual([{ id: ID, state: 'ready', detail: '' }])
  })

  it('a build that fails leaves its reason, and one that goes well no record', async () => {
    const failures = (): Promise<string[]> =>
      listTemplateBuilds(context.folder, Date.now()).then((builds) => builds.map(({ state }) => state))
    await expect(buildTemplates(context, [ID], { onEvent: () => undefined, signal })).rejects.toThrow('base template')
    expect(await failures()).toEqual(['failed'])
    expect(await templateStates(context)).toMatchObject([{ id: ID, state: 'failed' }])
    const recipe = await readTemplateRecipe(places, ID)
    await putLayers(recipe.baseLayerId, ...recipe.layers.map(({ id }) => id))
    await buildTemplates(context, [ID], { onEvent: () => undefined, signal })
    expect(await failures()).toEqual([])
  })

  it('one process builds at a time', async () => {
    const recipe = await readTemplateRecipe(places, ID)
    await putLayers(recipe.baseLayerId, ...recipe.layers.map(({ id }) => id))
    const build = (): Promise<void> => buildTemplates(context, [ID], { onEvent: () => undefined, signal })
    const outcomes = await Promise.allSettled([build(), build()])
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  it('a record shows what a build does, and the end of its process', async () => {
    const recipe = await readTemplateRecipe(places, ID)
    const record = await BuildRecord.begin(context.folder, recipe, process.pid)
    const step = { id: 'debian', title: 'Layer', run: () => Promise.reject(new Error('not run')) }
    record.note({ type: 'progress', step, detail: 'setting up r-base-core' })
    await record.fail(new Error('no network'))
    expect(await templateStates(context)).toEqual([{ id: ID, state: 'failed', detail: 'no network' }])
    await BuildRecord.begin(context.folder, recipe, 2 ** 22 + 1)
    expect(await templateStates(context)).toMatchObject([{ state: 'interrupted' }])
    await BuildRecord.begin(context.folder, recipe, process.pid)
    expect(await templateStates(context)).toEqual([
      { id: ID, state: 'building', detail: expect.stringMatching(/^about \d min left, starting$/) as unknown },
    ])
  })
})

describe('judgeTemplates()', () => {
  it('warns of builds that need a person', () => {
    const ready = { id: 'a', state: 'ready', detail: '' } as const
    expect(judgeTemplates([], '/log')).toMatchObject({ status: 'ok' })
    expect(judgeTemplates([ready], '/log')).toMatchObject({ status: 'ok', detail: 'a: ready' })
    expect(judgeTemplates([ready, { id: 'b', state: 'failed', detail: 'why' }], '/log')).toMatchObject({
      status: 'warn',
      detail: 'a: ready; b: failed, why',
      fix: expect.stringContaining('drowse template build b') as unknown,
    })
  })
})

describe('progressWords()', () => {
  it.each([
    ['I: installing remaining packages inside the chroot...', 'installing remaining packages inside the chroot'],
    ['Setting up r-base-core (4.2.2) ...', 'setting up r-base-core'],
    ['  Downloading numpy-2.whl (16 MB)', 'downloading numpy-2.whl'],
    ['Compiling', 'compiling'],
    ['W: something', undefined],
  ])('of %s', (line, words) => {
    expect(progressWords(line)).toBe(words)
  })
})
