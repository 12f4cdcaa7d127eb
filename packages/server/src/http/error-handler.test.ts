import { silentLogger } from '@drowse/common'
import { DrowseError } from '@drowse/protocol'
import { fastify } from 'fastify'
import { expect, test } from 'vitest'
import { createErrorHandler } from './error-handler.ts'

test.each([
  [
    new DrowseError('rate_limited', 'no room for good', { isRetryable: false }),
    429,
    { 'should-retry': 'false' },
    'no room for good',
  ],
  [new DrowseError('rate_limited', 'slow down'), 429, { 'retry-after': '1' }, 'slow down'],
  [
    new DrowseError('disk_full', 'Cannot pause it', { details: { isPublic: true } }),
    507,
    {},
    /^Cannot pause it \(request /,
  ],
  [
    new DrowseError('exec_failed', 'runsc /secret'),
    500,
    {},
    /^Cannot complete the request: .*inside the service \(request /,
  ],
  [new TypeError('x is not a function'), 500, {}, /^Cannot complete the request/],
])('createErrorHandler() answers %s', async (error, status, headers, message) => {
  const app = fastify()
  app.setErrorHandler(createErrorHandler(silentLogger))
  app.get('/', () => {
    throw error
  })
  const response = await app.inject('/')
  expect(response.statusCode).toBe(status)
  expect(response.headers).toMatchObject(headers)
  expect(response.json()).toEqual({
    code: status,
    message: typeof message === 'string' ? message : expect.stringMatching(message),
  })
  await app.close()
})
