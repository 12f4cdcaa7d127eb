import { FakeNode, type TemplateBuildStatus } from '@drowse/node'
import { describe, expect, it } from 'vitest'
import { findTemplate } from './find-template.ts'

const BUILD: TemplateBuildStatus = {
  id: 'code-interpreter-v1',
  names: ['code-interpreter-v1', 'Code'],
  state: 'building',
  secondsLeft: 170,
  detail: 'unpacking r-base-core',
}

describe('findTemplate()', () => {
  it('gives a template that is there, whatever is built beside it', async () => {
    const node = new FakeNode()
    node.builds = [{ ...BUILD, id: 'base', names: ['base'] }]
    expect((await findTemplate(node, 'base')).id).toBe('base')
  })

  it.each(['code-interpreter-v1', 'code', 'code:default'])('says how far %s is', async (reference) => {
    const node = new FakeNode()
    node.builds = [BUILD]
    await expect(findTemplate(node, reference)).rejects.toMatchObject({
      code: 'unavailable',
      isRetryable: true,
      message: 'Cannot create a sandbox of template "code-interpreter-v1": it is being built, about 3 minutes left',
      details: { isPublic: true, retryAfterS: 60 },
    })
  })

  it.each(['failed', 'interrupted'] as const)('is not to be tried again when the build %s', async (state) => {
    const node = new FakeNode()
    node.builds = [{ ...BUILD, state }]
    await expect(findTemplate(node, 'code')).rejects.toMatchObject({
      code: 'unavailable',
      isRetryable: false,
      message: expect.stringContaining('drowse template show code-interpreter-v1') as unknown,
    })
  })

  it('refuses one that does not start, with the reason', async () => {
    const node = new FakeNode()
    const limits = { memoryMb: 1, cpuCount: 1 }
    node.addTemplate({ id: 'bad', names: ['bad'], limits, diskSizeMb: 1, trouble: 'its guest daemon ended' })
    node.builds = [{ ...BUILD, id: 'bad', names: ['bad'] }]
    await expect(findTemplate(node, 'bad')).rejects.toMatchObject({
      code: 'unavailable',
      isRetryable: false,
      message: expect.stringContaining('"bad": its guest daemon ended; ') as unknown,
    })
  })

  it('waits for one that is there in a moment', async () => {
    const node = new FakeNode()
    node.builds = [{ ...BUILD, id: 'late', names: ['late'], secondsLeft: 30 }]
    const late = { id: 'late', names: ['late'], limits: { memoryMb: 1, cpuCount: 1 }, diskSizeMb: 1 }
    const held = node.blockNext('templates')
    const finding = findTemplate(node, 'late')
    await held.entered
    node.addTemplate(late)
    node.failNext('templateBuilds', new Error('not asked any more'))
    held.release()
    await expect(finding).resolves.toEqual(late)
  })

  it('does not know what nobody builds', async () => {
    await expect(findTemplate(new FakeNode(), 'other')).rejects.toMatchObject({ code: 'not_found' })
    await expect(findTemplate(new FakeNode(), '../x')).rejects.toMatchObject({ code: 'invalid_argument' })
  })
})
