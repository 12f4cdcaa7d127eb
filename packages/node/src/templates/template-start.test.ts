import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DrowseError } from '@drowse/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRequest, NodeFixture } from '../testing/node-fixture.ts'

const START = { cmd: '/bin/serve', args: ['--all'], ready: { port: 49_999, path: '/health' } }

describe('a template with a start command', () => {
  let machine: NodeFixture

  beforeEach(async () => {
    machine = await NodeFixture.make()
    await define(START)
  })
  afterEach(() => machine[Symbol.asyncDispose]())

  it('has it run, and ready, before the warm image is taken, and not again in its copies', async () => {
    const node = await machine.startNode()
    await node.warm()
    const path = join(machine.folder.templates, 'base', 'warm', 'image', 'memory.json')
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ lastStart: JSON.stringify(START) })
    const request = createRequest()
    const seen: string[] = []
    await node[Symbol.asyncDispose]()
    const next = await machine.startNode({ onStep: (step) => void seen.push(step) })
    await next.create(request)
    expect(seen).not.toContain('create.ready')
  })

  it('has it run after each boot from files, once the daemon knows who it is', async () => {
    const seen: string[] = []
    const node = await machine.startNode({ onStep: (step) => void seen.push(step) })
    const request = createRequest()
    await node.create(request)
    expect(seen.slice(-3)).toEqual(['create.init', 'create.ready', 'create.manifest'])
    expect(machine.host.lastStart(request.id)).toBe(JSON.stringify(START))
    await node.pause(request.id, { memory: false })
    await define(undefined)
    await node.resume(request.id, { init: request.init, memory: true })
    expect(machine.host.lastStart(request.id)).toBe(JSON.stringify(START))
  })

  it('has it run when a warm image does not restore', async () => {
    const node = await machine.startNode()
    await node.warm()
    machine.host.failNext('restore', new DrowseError('engine_failed', 'Cannot: told so'))
    const request = createRequest()
    await node.create(request)
    expect(machine.host.lastStart(request.id)).toBe(JSON.stringify(START))
  })

  it('gets another warm image when the command changes', async () => {
    const node = await machine.startNode()
    await node.warm()
    const warm = (): Promise<string> => readFile(join(machine.folder.templates, 'base', 'warm', 'warm.json'), 'utf8')
    const before = await warm()
    await define({ ...START, args: [] })
    await node.warm()
    expect(await warm()).not.toBe(before)
  })

  async function define(start: typeof START | undefined): Promise<void> {
    const path = join(machine.folder.templates, 'base', 'template.json')
    const { start: _, ...template } = JSON.parse(await readFile(path, 'utf8')) as Record<string, unknown>
    await writeFile(path, JSON.stringify({ ...template, start }))
  }
})
