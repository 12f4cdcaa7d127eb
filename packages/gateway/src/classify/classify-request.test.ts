import { newSandboxId } from '@drowse/protocol'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { classifyRequest, type Classification } from './classify-request.ts'

const id = newSandboxId()
const other = newSandboxId()
const API: Classification = { kind: 'api' }

function classify(url: string, ...rawHeaders: string[]): Classification {
  return classifyRequest({ url, rawHeaders }, 'drowse.localhost')
}

function sandbox(port: number): Classification {
  return { kind: 'sandbox', target: { id, port } }
}

describe('classifyRequest()', () => {
  it.each([
    [`3000-${id}.drowse.localhost`, 3000],
    [`3000-${id}.drowse.localhost:3443`, 3000],
    [`49983-${id}.anything`, 49983],
    [`3000-${id}-6532622b.example.com`, 3000],
    [`1-${id.toUpperCase()}.Example.COM.`, 1],
    [`65535-${id}.x:1`, 65535],
  ])('takes host %s for a sandbox', (host, port) => {
    expect(classify('/sandboxes', 'Host', host, 'X-API-KEY', 'k')).toEqual(sandbox(port))
  })

  it.each([
    [`0-${id}.x`],
    [`65536-${id}.x`],
    [`03000-${id}.x`],
    [`99999999999-${id}.x`],
    ['3000-nosuchid.x'],
    [`3000-${id}a.x`],
  ])('refuses host %s', (host) => {
    expect(classify('/', 'Host', host).kind).toBe('invalid')
  })

  it.each([
    ['127.0.0.1:3210'],
    ['localhost'],
    ['[::1]:3210'],
    ['api.drowse.localhost:3443'],
    ['drowse.localhost'],
    ['example.com'],
    [`3000-${id}`],
    [`${id}.drowse.localhost`],
    [`a-${id}.drowse.localhost`],
    [`3000-${id}-a-b.drowse.localhost`],
    [''],
  ])('takes host %s for the API', (host) => {
    expect(classify('/', 'Host', host)).toEqual(API)
  })

  it.each([
    ['127.0.0.1:3210'],
    ['10.1.2.3'],
    ['localhost:3210'],
    ['[::1]:3210'],
    ['sandbox.drowse.localhost:3443'],
    ['api.drowse.localhost:3443'],
  ])('goes by routing headers of both clients under %s', (host) => {
    expect(classify('/', 'Host', host, 'E2b-Sandbox-Id', id, 'E2b-Sandbox-Port', '80')).toEqual(sandbox(80))
    expect(classify('/', 'Host', host, 'novita-sandbox-id', id, 'NOVITA-SANDBOX-PORT', '80')).toEqual(sandbox(80))
    expect(classify('/', 'Host', host, 'E2b-Sandbox-Id', `${id}-6532622b`, 'E2b-Sandbox-Port', '80')).toEqual(
      sandbox(80),
    )
  })

  it('ignores routing headers under the name of a sandbox', () => {
    expect(classify('/', 'Host', `80-${id}.x`, 'E2b-Sandbox-Id', other, 'E2b-Sandbox-Port', '1')).toEqual(sandbox(80))
  })

  it('refuses routing headers under a name that is not the platform’s', () => {
    expect(classify('/', 'Host', 'evil.example', 'E2b-Sandbox-Id', id, 'E2b-Sandbox-Port', '80').kind).toBe('invalid')
  })

  it.each([
    ['a lone id', ['E2b-Sandbox-Id', id]],
    ['a lone port', ['E2b-Sandbox-Port', '80']],
    ['a bad port', ['E2b-Sandbox-Id', id, 'E2b-Sandbox-Port', '80x']],
    ['an empty port', ['E2b-Sandbox-Id', id, 'E2b-Sandbox-Port', '']],
    ['a bad id', ['E2b-Sandbox-Id', '../etc', 'E2b-Sandbox-Port', '80']],
    ['a longer id', ['E2b-Sandbox-Id', `${id}-a-b`, 'E2b-Sandbox-Port', '80']],
    ['an id with nothing behind its dash', ['E2b-Sandbox-Id', `${id}-`, 'E2b-Sandbox-Port', '80']],
    ['a repeated id', ['E2b-Sandbox-Id', id, 'E2b-Sandbox-Id', id, 'E2b-Sandbox-Port', '80']],
    ['two clients that disagree', ['E2b-Sandbox-Id', id, 'E2b-Sandbox-Port', '80', 'Novita-Sandbox-Id', other]],
    ['two ports that disagree', ['E2b-Sandbox-Id', id, 'E2b-Sandbox-Port', '80', 'Novita-Sandbox-Port', '81']],
    ['a second Host', ['Host', `80-${id}.x`]],
  ])('refuses %s', (_, headers) => {
    expect(classify('/', 'Host', 'localhost', ...headers).kind).toBe('invalid')
  })

  const routing = ['Host', 'localhost', 'Novita-Sandbox-Id', id, 'Novita-Sandbox-Port', '49983']

  it.each([
    '/sandboxes',
    `/sandboxes/${id}/connect`,
    `/v2/sandboxes/${id}/connect`,
    '/v3/templates',
    '/snapshots?limit=1',
    '/secrets',
  ])('takes %s with a key for the API, whatever the routing headers', (url) => {
    expect(classify(url, ...routing, 'X-API-KEY', 'e2b_0')).toEqual(API)
    expect(classify(url, ...routing)).toEqual(sandbox(49983))
  })

  it.each(['/files?path=a', '/health', '/process.Process/Start', '/sandboxesque', '//sandboxes', '/'])(
    'takes %s with a key and routing headers for the daemon',
    (url) => {
      expect(classify(url, ...routing, 'X-API-KEY', 'e2b_0')).toEqual(sandbox(49983))
    },
  )

  it('takes an API path with a key on another port for the user’s own server', () => {
    const headers = ['Host', 'localhost', 'E2b-Sandbox-Id', id, 'E2b-Sandbox-Port', '3000', 'X-API-KEY', 'mine']
    expect(classify('/events', ...headers)).toEqual(sandbox(3000))
  })

  it('leaves a signed url without routing headers to the API', () => {
    expect(classify('/files?path=a&signature=v1_x', 'Host', '127.0.0.1:3210')).toEqual(API)
  })

  it('never throws and never gives a target that is out of range', () => {
    const header = fc.constantFrom(
      'Host',
      'E2b-Sandbox-Id',
      'E2b-Sandbox-Port',
      'Novita-Sandbox-Id',
      'Novita-Sandbox-Port',
      'X-API-KEY',
    )
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom(id, 'localhost', '49983', '80', `80-${id}.x`),
      fc.tuple(fc.integer(), fc.stringMatching(/^[a-z0-9-]*$/)).map(([port, name]) => `${port}-${name}.x`),
    )
    fc.assert(
      fc.property(fc.webPath(), fc.array(fc.tuple(header, value), { maxLength: 6 }), (url, headers) => {
        const found = classify(url, ...headers.flat())
        if (found.kind !== 'sandbox') return
        expect(found.target.id).toMatch(/^i[a-z0-9]{20}$/)
        expect(found.target.port).toBeGreaterThan(0)
        expect(found.target.port).toBeLessThan(65_536)
      }),
    )
  }, 30_000)

  it('finds the target of every valid name', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 65_535 }), fc.domain(), (port, domain) => {
        expect(classify('/', 'Host', `${port}-${id}.${domain}`)).toEqual(sandbox(port))
      }),
    )
  })
})
