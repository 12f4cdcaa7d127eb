import { readFile, stat } from 'node:fs/promises'
import type { EgressPolicy } from '@drowse/engine'
import { expect, test } from 'vitest'
import { sandboxFolder } from './sandbox-folder.ts'
import { createRequest, NodeFixture } from './testing/node-fixture.ts'

const OPEN: EgressPolicy = { allow: [], deny: [], domains: [] }
const RULES: EgressPolicy = { ...OPEN, headers: [{ domain: 'a.test', headers: { Authorization: 'secret-1' } }] }
const PROXY: EgressPolicy = { ...OPEN, proxy: { host: 'p.test', port: 1080, username: 'me', password: 'secret-2' } }

test('a guest is told of the egress authority as long as its policy has headers, running or woken, and never of a secret', async () => {
  await using machine = await NodeFixture.make()
  const node = await machine.startNode({ egressAuthority: 'PEM' })
  const request = { ...createRequest(), egress: RULES }
  const { id, init } = request
  const told = (): Record<string, unknown> => JSON.parse(machine.host.lastInit(id) ?? '{}') as Record<string, unknown>
  await node.create(request)
  expect(told()['egressAuthority']).toBe('PEM')

  await node.setEgress(id, PROXY, init)
  expect(told()).toMatchObject({ isUpdate: true, envVars: init.envVars })
  expect(told()['egressAuthority']).toBeUndefined()
  await node.setEgress(id, { ...PROXY, ...RULES }, init)
  expect(told()).toMatchObject({ isUpdate: true, egressAuthority: 'PEM' })

  await node.pause(id, { memory: true })
  await node.resume(id, { init, memory: true })
  expect(told()['egressAuthority']).toBe('PEM')
  expect(told()['isUpdate']).toBeUndefined()
  expect(JSON.stringify(told())).not.toMatch(/secret-/)
})

test('a policy with its secrets is kept over restarts, in a file that root alone reads, and found by nobody else', async () => {
  await using machine = await NodeFixture.make()
  const request = { ...createRequest(), egress: { ...RULES, ...PROXY, dnsServers: ['9.9.9.9'] } }
  const first = await machine.startNode()
  await first.create(request)
  await first.settled()
  const next = await machine.startNode()
  expect((await next.find(request.id))?.egress).toEqual(request.egress)
  const { manifest } = sandboxFolder(machine.folder, request.id)
  expect(await readFile(manifest, 'utf8')).toContain('secret-2')
  expect((await stat(manifest)).mode & 0o777).toBe(0o600)
  const { host } = await next.endpoint(request.id, 1)
  expect(next.egressAt(host)).toEqual(request.egress)
  expect(next.egressAt('192.0.2.9')).toBeUndefined()
  await next.kill(request.id)
  expect(next.egressAt(host)).toBeUndefined()
})
