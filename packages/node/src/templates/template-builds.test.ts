import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readProcessStat } from '@drowse/common'
import { expect, it } from 'vitest'
import { NodeFixture } from '../testing/node-fixture.ts'
import { listTemplateBuilds } from './template-builds.ts'

const STARTED = Date.parse('2026-01-01T00:00:00Z')

it('listTemplateBuilds() tells builds that are under way from those that ended, and how long they need', async () => {
  await using machine = await NodeFixture.make()
  const startTime = (await readProcessStat(process.pid))?.startTime ?? 0
  const common = {
    names: ['x'],
    pid: process.pid,
    startTime,
    startedAt: new Date(STARTED).toISOString(),
    expectedSeconds: 240,
    detail: 'unpacking',
  }
  const builds = {
    a: { ...common, id: 'a' },
    b: { ...common, id: 'b', startTime: startTime + 1 },
    c: { ...common, id: 'c', error: 'Cannot: told so' },
  }
  for (const [id, build] of Object.entries(builds)) {
    await mkdir(join(machine.folder.templates, id))
    await writeFile(join(machine.folder.templates, id, 'build.json'), JSON.stringify(build))
  }
  expect(await listTemplateBuilds(machine.folder, STARTED + 60_000)).toEqual([
    { id: 'a', names: ['x'], state: 'building', secondsLeft: 180, detail: 'unpacking' },
    { id: 'b', names: ['x'], state: 'interrupted', secondsLeft: 180, detail: 'unpacking' },
    { id: 'c', names: ['x'], state: 'failed', secondsLeft: 180, detail: 'Cannot: told so' },
  ])
  const [late] = await listTemplateBuilds(machine.folder, STARTED + 3_600_000)
  expect(late?.secondsLeft).toBe(30)
})
