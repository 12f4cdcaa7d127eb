import { DrowseError, type SandboxId } from '@drowse/protocol'
import { expect, test } from 'vitest'
import { Api } from '../testing/api.ts'

const RULES = {
  allowOut: ['api.example.com', '*.pypi.org', '1.1.1.1', 'fd00::/8'],
  denyOut: ['0.0.0.0/0'],
}
/** What a node is told of them. */
const POLICY = { allow: ['1.1.1.1'], deny: ['0.0.0.0/0'], domains: ['api.example.com', '*.pypi.org'] }

async function info(api: Api, id: string): Promise<Record<string, unknown>> {
  return (await api.call('GET', `/sandboxes/${id}`)).body
}

test('create keeps and shows network settings, and puts them in force', async () => {
  await using api = await Api.start()
  const network = { ...RULES, allowPublicTraffic: false, maskRequestHost: 'x:${PORT}', httpsPorts: [3000] }
  const id = await api.create({ network, allow_internet_access: true })
  expect(await info(api, id)).toMatchObject({ network, allowInternetAccess: true })
  expect(api.harness.node.egressOf(id as SandboxId)).toEqual(POLICY)
  const [row] = await api.harness.store.sandboxes.all()
  expect(row?.network).toEqual(network)
})

test('create takes nulls and empty lists as nothing said, and has no rules then', async () => {
  await using api = await Api.start()
  const nothing = {
    allowPublicTraffic: null,
    allowOut: [],
    denyOut: null,
    rules: {},
    egressProxy: null,
    dnsServers: null,
  }
  const id = await api.create({ network: nothing })
  expect(await info(api, id)).toMatchObject({ network: {}, allowInternetAccess: null })
  expect(api.harness.node.egressOf(id as SandboxId)).toBeUndefined()
})

test('create takes names in allowOut when there is no internet access otherwise', async () => {
  await using api = await Api.start()
  const id = await api.create({ allow_internet_access: false, network: { allowOut: ['example.com'] } })
  expect(await info(api, id)).toMatchObject({ network: { allowOut: ['example.com'] }, allowInternetAccess: false })
})

test('PUT network replaces all outgoing settings, clears what is omitted, and keeps those for life', async () => {
  await using api = await Api.start()
  const forLife = { allowPublicTraffic: false, maskRequestHost: 'x', httpsPorts: [3000] }
  const id = await api.create({ network: { ...forLife, ...RULES }, allow_internet_access: true })
  const put = async (body: unknown): Promise<number> =>
    (await api.call('PUT', `/sandboxes/${id}/network`, { body })).status
  expect(await put({ denyOut: ['10.0.0.0/8'], allow_internet_access: false })).toBe(204)
  expect(await info(api, id)).toMatchObject({
    network: { ...forLife, denyOut: ['10.0.0.0/8'] },
    allowInternetAccess: false,
  })
  expect(await put(RULES)).toBe(204)
  expect((await info(api, id))['network']).toEqual({ ...forLife, ...RULES })
  expect(api.harness.node.egressOf(id as SandboxId)).toEqual(POLICY)
  expect(await put({})).toBe(204)
  expect(api.harness.node.egressOf(id as SandboxId)).toBeUndefined()
  expect(await info(api, id)).toMatchObject({ network: forLife, allowInternetAccess: null })
  expect(await api.harness.events(id as SandboxId)).toEqual(['sandbox.created', ...Array(3).fill('sandbox.network')])
})

test('PUT network of a paused one is kept over its wake, and wakes nothing', async () => {
  await using api = await Api.start()
  const id = await api.create()
  await api.harness.pause(id)
  expect((await api.call('PUT', `/sandboxes/${id}/network`, { body: { denyOut: ['::/0'] } })).status).toBe(204)
  expect(await info(api, id)).toMatchObject({ state: 'paused', network: { denyOut: ['::/0'] } })
  await api.harness.connect(id)
  expect(await info(api, id)).toMatchObject({ state: 'running', network: { denyOut: ['::/0'] } })
})

test('PUT network that the node fails to put in force stays, and is put in force at the next start', async () => {
  await using api = await Api.start()
  const { harness } = api
  const id = await api.create()
  harness.node.failNext('setEgress', new DrowseError('engine_failed', 'told so'))
  const answer = await api.call('PUT', `/sandboxes/${id}/network`, { body: RULES })
  expect(answer.status).toBe(500)
  expect(harness.node.egressOf(id as SandboxId)).toBeUndefined()
  await harness.restart()
  expect(harness.node.egressOf(id as SandboxId)).toEqual(POLICY)
})

test('create puts rules, a proxy and name servers in force, and answers show no password and no authority of a proxy', async () => {
  await using api = await Api.start()
  const tls = { enabled: true, serverName: 'p', caCert: 'PEM' }
  const egressProxy = { address: 'proxy.example.com:1080', username: 'me', password: 'secret', tls }
  const rules = {
    'API.example.com': [
      { transform: { headers: { authorization: 'a', 'X-B': 'b' } } },
      { transform: { headers: { Authorization: 'c' } } },
      {},
    ],
  }
  const id = await api.create({ network: { rules, egressProxy, dnsServers: ['8.8.8.8'] } })
  expect(api.harness.node.egressOf(id as SandboxId)).toEqual({
    allow: [],
    deny: [],
    domains: [],
    headers: [{ domain: 'api.example.com', headers: { Authorization: 'c', 'X-B': 'b' } }],
    proxy: {
      host: 'proxy.example.com',
      port: 1080,
      username: 'me',
      password: 'secret',
      tls: { serverName: 'p', caCert: 'PEM' },
    },
    dnsServers: ['8.8.8.8'],
  })
  const { network } = await info(api, id)
  expect(network).toEqual({
    rules: { 'api.example.com': rules['API.example.com'] },
    egressProxy: { address: 'proxy.example.com:1080', username: 'me', tls: { enabled: true, serverName: 'p' } },
    dnsServers: ['8.8.8.8'],
  })
  expect((await api.call('PUT', `/sandboxes/${id}/network`, { body: { dnsServers: [] } })).status).toBe(204)
  expect(api.harness.node.egressOf(id as SandboxId)).toEqual({ allow: [], deny: [], domains: [], dnsServers: [] })
})

const rule = (headers: Record<string, string>): object => ({ rules: { 'a.b': [{ transform: { headers } }] } })
test.each([
  [
    'a header that frames a message',
    rule({ 'Transfer-Encoding': 'chunked' }),
    'cannot set the header Transfer-Encoding',
  ],
  ['another Host', rule({ host: 'x' }), 'cannot set the header host'],
  ['a header of two lines', rule({ A: 'b\r\nC: d' }), 'header value is not valid'],
  ['a token of an identity', rule({ A: 'Bearer ${e2b.identity.tokens.aws}' }), 'identity tokens are not supported'],
  ['every name', { rules: { '*': [] } }, 'must be given by domain names'],
  ['a password alone', { egressProxy: { address: 'a.b:1', password: 'x' } }, 'password requires'],
  ['names with IPv6 closed alone', { allowOut: ['a.b'], denyOut: ['::/0'] }, 'require denyOut to include "0.0.0.0/0"'],
])('create refuses %s', async (_, network, message) => {
  await using api = await Api.start()
  const answer = await api.call('POST', '/sandboxes', { body: { templateID: 'base', network } })
  expect(answer).toMatchObject({ status: 400, body: { message: expect.stringContaining(message) } })
})

test('PUT network refuses what is wrong and changes nothing; an unknown and a killed one are 404', async () => {
  await using api = await Api.start()
  const id = await api.create({ network: { denyOut: ['10.0.0.0/8'] } })
  const put = async (of: string, body: unknown): Promise<number> =>
    (await api.call('PUT', `/sandboxes/${of}/network`, { body })).status
  const proxied = { egressProxy: { address: 'x.y' } }
  const wrong = [{ denyOut: ['x.y'] }, { allowOut: ['x.y'] }, { allow_internet_access: 'no' }, [], proxied]
  for (const body of wrong) {
    expect(await put(id, body)).toBe(400)
  }
  expect(await info(api, id)).toMatchObject({ network: { denyOut: ['10.0.0.0/8'] } })
  await api.harness.kill(id)
  expect(await put(id, {})).toBe(404)
  expect(await put('inobody', {})).toBe(404)
})

test('connect takes the settings that a sandbox has, and refuses others', async () => {
  await using api = await Api.start()
  const id = await api.create({ network: { denyOut: ['10.0.0.0/8'] } })
  const connect = async (network: object): Promise<number> =>
    (await api.call('POST', `/sandboxes/${id}/connect`, { body: { timeout: 300, network } })).status
  expect(await connect({ denyOut: ['10.0.0.0/8'] })).toBe(200)
  expect(await connect({ denyOut: [] })).toBe(200)
  expect(await connect({ denyOut: ['0.0.0.0/0'] })).toBe(400)
})
