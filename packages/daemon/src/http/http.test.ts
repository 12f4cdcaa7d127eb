import { readFile, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTestGuest, type TestGuest } from '../testing/test-guest.ts'

let guest: TestGuest
const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(guest.url + path, { headers })

beforeEach(async () => {
  guest = await startTestGuest()
})
afterEach(() => guest[Symbol.asyncDispose]())

describe('POST /init', () => {
  it('sets the environment and the token, then demands that token', async () => {
    expect((await guest.init({ accessToken: 'a', envVars: { X: '1' } })).status).toBe(204)
    expect((await guest.init({ envVars: {} })).status).toBe(401)
    expect((await guest.init({ envVars: {} }, { 'X-Access-Token': 'b' })).status).toBe(401)
    expect(await (await get('/envs', { 'X-Access-Token': 'a' })).json()).toEqual({ X: '1' })
    expect((await guest.init({ accessToken: 'c' }, { 'X-Access-Token': 'a' })).status).toBe(204)
    expect((await get('/envs', { 'X-Access-Token': 'c' })).status).toBe(200)
    expect((await guest.init({ identity: 'kept' }, { 'X-Access-Token': 'c' })).status).toBe(204)
    expect((await get('/envs')).status).toBe(401)
  })

  it('refuses bodies that are no init, and stays as it was', async () => {
    for (const body of ['', '[]', '{', '{"timestamp":"x"}']) {
      const response = await fetch(`${guest.url}/init`, { method: 'POST', body })
      expect(response.status).toBe(400)
      expect(await response.json()).toMatchObject({ code: 400, message: expect.any(String) })
    }
    expect((await fetch(`${guest.url}/init`, { method: 'POST', body: 'x'.repeat(5_000_000) })).status).toBe(413)
    expect(await (await get('/envs')).json()).toEqual({})
  })

  it('logs a clock that differs from the host', async () => {
    await guest.init({ timestamp: '2020-01-01T00:00:00Z' })
    expect(guest.log).toEqual([expect.stringContaining('clock differs')])
  })
})

describe('access', () => {
  it('without the token is left to GET /health only', async () => {
    await guest.init({ accessToken: 'a' })
    expect((await get('/health')).status).toBe(204)
    const refused = await get('/envs')
    expect(refused.status).toBe(401)
    expect(await refused.json()).toEqual({
      code: 401,
      message: 'unauthorized access, please provide a valid access token or method signing if supported',
    })
    expect(await (await get('/files?path=x')).json()).toMatchObject({ message: 'missing signature query parameter' })
    expect(await (await get('/files?path=x', { 'X-Access-Token': 'b' })).json()).toMatchObject({
      message: 'access token present in header but does not match',
    })
  })

  it('from web pages is allowed, preflights without the token', async () => {
    await guest.init({ accessToken: 'a' })
    const headers = { 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'authorization' }
    const preflight = await fetch(`${guest.url}/process.Process/Start`, { method: 'OPTIONS', headers })
    expect(preflight.status).toBe(204)
    expect(preflight.headers.get('access-control-allow-headers')).toBe('authorization')
    expect((await get('/health')).headers.get('access-control-allow-origin')).toBe('*')
  })
})

describe('routes', () => {
  it('that are not there or take another method say so', async () => {
    expect((await get('/nope')).status).toBe(404)
    expect((await get('/constructor')).status).toBe(404)
    expect((await get('/init')).status).toBe(405)
    expect((await get('//')).status).toBe(404)
  })
})

describe('GET /files', () => {
  it('gives ranges', async () => {
    await writeFile(join(guest.home, 'f'), '0123456789')
    const part = await get('/files?path=f', { Range: 'bytes=2-4' })
    expect(part.status).toBe(206)
    expect(part.headers.get('content-range')).toBe('bytes 2-4/10')
    expect(await part.text()).toBe('234')
    expect((await get('/files?path=f', { Range: 'bytes=20-' })).status).toBe(416)
  })

  it('says the length of whole files, 0 for empty ones', async () => {
    await writeFile(join(guest.home, 'f'), '')
    await writeFile(join(guest.home, 'g'), 'x'.repeat(200_000))
    expect((await get('/files?path=f')).headers.get('content-length')).toBe('0')
    expect((await get('/files?path=g')).headers.get('content-length')).toBe('200000')
    expect((await get('/files?path=g', { 'Accept-Encoding': 'identity;q=0' })).status).toBe(406)
  })

  it('refuses what is no file, without waiting', async () => {
    expect((await get('/files?path=/dev/zero')).status).toBe(400)
    expect(await (await get('/files?path=/etc')).json()).toEqual({ code: 400, message: "path '/etc' is a directory" })
    expect((await get('/files?path=f&username=ghost')).status).toBe(401)
  })
})

describe('POST /files', () => {
  const post = (
    query: string,
    body: string | Buffer<ArrayBuffer> | FormData,
    headers: Record<string, string> = {},
  ): Promise<Response> => fetch(`${guest.url}/files${query}`, { method: 'POST', body, headers })
  const octets = { 'Content-Type': 'application/octet-stream' }

  it('takes names of all scripts and skips other parts', async () => {
    const form = new FormData()
    form.append('note', 'ignored')
    form.append('file', new Blob(['1']), 'ordner/日本 ü.txt')
    form.append('file', new Blob(['2']), '/etc/../tmp/../' + guest.home.slice(1) + '/abs')
    const response = await post('', form)
    expect(await response.json()).toEqual([
      { name: '日本 ü.txt', path: join(guest.home, 'ordner/日本 ü.txt'), type: 'file' },
      { name: 'abs', path: join(guest.home, 'abs'), type: 'file' },
    ])
    expect(await readFile(join(guest.home, 'ordner/日本 ü.txt'), 'utf8')).toBe('1')
  })

  it('refuses broken and unknown bodies', async () => {
    const formType = { 'Content-Type': 'multipart/form-data; boundary=b' }
    const two = new FormData()
    two.append('file', new Blob(['1']), 'x')
    two.append('file', new Blob(['2']), 'y')
    expect((await post('', 'x', octets)).status).toBe(400)
    expect((await post('?path=x', 'x', { 'Content-Type': 'text/plain' })).status).toBe(400)
    expect((await post('?path=x', 'x', { ...octets, 'Content-Encoding': 'br' })).status).toBe(400)
    expect((await post('?path=x', 'no gzip', { ...octets, 'Content-Encoding': 'gzip' })).status).toBe(400)
    expect((await post('?path=x', 'x', { 'Content-Type': 'multipart/form-data' })).status).toBe(400)
    expect((await post('?path=x', 'no form', formType)).status).toBe(400)
    expect(
      (await post('?path=x', '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\ncut', formType))
        .status,
    ).toBe(400)
    expect((await post('?path=x', two)).status).toBe(400)
    expect((await post('', new FormData())).status).toBe(400)
    expect((await post('?path=x/y/z', 'x', octets)).status).toBe(400)
  })

  it('takes gzip around a whole form', async () => {
    const form = new Response(formOf('zipped'))
    const body = gzipSync(Buffer.from(await form.arrayBuffer()))
    const headers = { 'Content-Type': form.headers.get('content-type')!, 'Content-Encoding': 'gzip' }
    expect((await post('?path=z', body, headers)).status).toBe(200)
    expect(await readFile(join(guest.home, 'z'), 'utf8')).toBe('zipped')
  })

  it('survives an upload that is cut off', async () => {
    const upload = request(`${guest.url}/files?path=cut`, { method: 'POST', headers: octets })
    upload.on('error', () => undefined)
    upload.write('part')
    await vi.waitFor(async () => expect(await readFile(join(guest.home, 'cut'), 'utf8')).toBe('part'))
    upload.destroy()
    expect((await post('?path=after', 'x', octets)).status).toBe(200)
  })

  function formOf(content: string): FormData {
    const form = new FormData()
    form.append('file', new Blob([content]), 'ignored')
    return form
  }
})
