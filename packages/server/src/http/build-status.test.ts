import { expect, test } from 'vitest'
import type { TemplateBuildHistory } from '@drowse/node'
import { Api } from '../testing/api.ts'

const BUILD: TemplateBuildHistory = {
  id: 'mine',
  buildId: 'b1',
  state: 'failed',
  startedAt: '2026-01-01T00:00:00.000Z',
  error: 'Cannot start a sandbox',
  failedStep: 'Warm image',
  log: ['begins', 'last words'].map((message) => ({ timestamp: '2026-01-01T00:00:01.000Z', level: 'info', message })),
}

test('the status of a build is answered in the shape that clients read, its log from an offset on', async () => {
  await using api = await Api.start()
  api.harness.node.lastBuilds.set('mine', BUILD)
  const { status, body } = await api.call('GET', '/templates/mine/builds/b1/status?logsOffset=1')
  expect(status).toBe(200)
  expect(body).toEqual({
    templateID: 'mine',
    buildID: 'b1',
    status: 'error',
    logs: ['last words'],
    logEntries: [BUILD.log[1]],
    reason: { message: 'Cannot start a sandbox', step: 'Warm image' },
  })
})

test.each([
  ['building', 'building'],
  ['ready', 'ready'],
  ['interrupted', 'error'],
] as const)('a build that is %s has the status %s', async (state, status) => {
  await using api = await Api.start()
  const { error: _, ...build } = BUILD
  api.harness.node.lastBuilds.set('mine', { ...build, state })
  expect((await api.call('GET', '/templates/mine/builds/b1/status')).body['status']).toBe(status)
})

test.each([
  '/templates/mine/builds/other/status',
  '/templates/unknown/builds/b1/status',
  '/templates/..%2f/builds/b1/status',
])('%s is not found', async (path) => {
  await using api = await Api.start()
  api.harness.node.lastBuilds.set('mine', BUILD)
  expect(await api.call('GET', path)).toMatchObject({ status: 404, body: { code: 404 } })
})
