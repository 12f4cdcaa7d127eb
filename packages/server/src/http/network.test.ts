import type { SandboxId } from '@drowse/protocol'
import { expect, test } from 'vitest'
import { Api } from '../testing/api.ts'

const RULES = {
  allowOut: ['api.example.com', '*.pypi.org', '1.1.1.1', 'fd00::/8'],
  denyOut: ['0.0.0.0/0'],
  rules: { 'api.example.com': [{ transform: { headers: { authorization: 'Bearer x' } } }] },
  egressProxy: { address: 'proxy.example.com:1080', username: 'me', password: 'secret' },
  dnsServers: ['8.8.8.8'],
}

/** What get shows of a proxy. */
const SHOWN = { ...RULES, egressProxy: { address: 'proxy.example.com:1080', username: 'me' } }

async function info(api: Api, id: string): Promise<Record<string, unknown>> {
  return (await api.call('GET', `/sandboxes/${id}`)).body
}

test('create keeps and shows network settings; a password is kept, not shown', async () => {
  await using api = await Api.start()
  const network = { ...RULES, allowPublicTraffic: false, maskRequestHost: 'x:${PORT}', httpsPorts: [3000] }
  const id = await api.create({ network, allow_internet_access: true })
  expect(await info(api, id)).toMatchObject({
    network: { ...network, egressProxy: SHOWN.egressProxy },
    allowInternetAccess: true,
    drowse: { egressEnforced: false },
  })
  expect(JSON.stringify(await info(api, id))).not.toContain('secret')
  const [row] = await api.harness.store.sandboxes.all()
  expect(row?.network).toEqual(network)
})

test('create takes nulls and empty lists as nothing said, and names in lower case', async () => {
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
  expect((await info(api, id))['drowse']).not.toHaveProperty('egressEnforced')
  const named = await api.create({ network: { rules: { 'API.Example.com': [] } } })
  expect(await info(api, named)).toMatchObject({ network: { rules: { 'api.example.com': [] } } })
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
  expect((await info(api, id))['network']).toEqual({ ...forLife, ...SHOWN })
  expect(await put({})).toBe(204)
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

test('PUT network refuses what is wrong and changes nothing; an unknown and a killed one are 404', async () => {
  await using api = await Api.start()
  const id = await api.create({ network: { denyOut: ['10.0.0.0/8'] } })
  const put = async (of: string, body: unknown): Promise<number> =>
    (await api.call('PUT', `/sandboxes/${of}/network`, { body })).status
  for (const body of [{ denyOut: ['x.y'] }, { allowOut: ['x.y'] }, { allow_internet_access: 'no' }, []]) {
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
