import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { signFileUrl, type FileOperation } from '@drowse/protocol'
import { asUserHeader, unary } from '../testing/rpc-call.ts'
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

  it('answers conditions', async () => {
    await writeFile(join(guest.home, 'f.html'), '0123456789')
    const whole = await get('/files?path=f.html')
    const modified = whole.headers.get('last-modified')!
    expect(whole.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(whole.headers.get('vary')).toBe('Accept-Encoding')
    expect(whole.headers.get('content-disposition')).toBe("inline; filename*=UTF-8''f.html")
    expect((await get('/files?path=f.html', { 'If-Modified-Since': modified })).status).toBe(304)
    const range = { Range: 'bytes=2-4' }
    expect((await get('/files?path=f.html', { ...range, 'If-Range': modified })).status).toBe(206)
    const other = new Date(0).toUTCString()
    expect((await get('/files?path=f.html', { ...range, 'If-Range': other })).status).toBe(200)
    const zipped = await get('/files?path=f.html', { 'Accept-Encoding': 'gzip' })
    expect(zipped.headers.get('content-encoding')).toBe('gzip')
    expect(await zipped.text()).toBe('0123456789')
    expect((await get('/files?path=f.html', { ...range, 'Accept-Encoding': 'gzip' })).status).toBe(206)
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

  it('changes nothing by an upload that is cut off early, and leaves no new file by one cut later', async () => {
    await writeFile(join(guest.home, 'cut'), 'before')
    await cutUpload('cut', Buffer.from('part'))
    expect(await readFile(join(guest.home, 'cut'), 'utf8')).toBe('before')
    await cutUpload('cut-new', Buffer.alloc(3_000_000), join(guest.home, 'cut-new'))
    await vi.waitFor(async () => expect(await readdir(guest.home)).not.toContain('cut-new'))
    expect((await post('?path=after', 'x', octets)).status).toBe(200)
  })

  it('takes large bodies, raw and as a form', async () => {
    const large = randomBytes(5_000_000)
    expect((await post('?path=raw', large, octets)).status).toBe(200)
    expect((await readFile(join(guest.home, 'raw'))).equals(large)).toBe(true)
    const form = new FormData()
    for (const name of ['l1', 'l2']) form.append('file', new Blob([large]), name)
    expect((await post('', form)).status).toBe(200)
    expect((await readFile(join(guest.home, 'l1'))).equals(large)).toBe(true)
    expect((await readFile(join(guest.home, 'l2'))).equals(large)).toBe(true)
    expect((await post('?path=/dev/null', large, octets)).status).toBe(200)
  })

  it('keeps metadata until the next upload, and shows it', async () => {
    const path = join(guest.home, 'm')
    const headers = { ...octets, 'X-Metadata-Author': 'ann', 'x-metadata-a.b': '  spaced out ~' }
    const metadata = { author: 'ann', 'a.b': 'spaced out ~' }
    expect(await (await post('?path=m', '1', headers)).json()).toEqual([{ name: 'm', path, type: 'file', metadata }])
    expect(await metadataIn('m')).toEqual(metadata)
    await post('?path=m', '2', { ...octets, 'X-Metadata-Other': '1' })
    expect(await metadataIn('m')).toEqual({ other: '1' })
    expect(await (await post('?path=m', '3', octets)).json()).toEqual([{ name: 'm', path, type: 'file' }])
    expect(await metadataIn('m')).toBeUndefined()
    const form = formOf('4')
    await post('?path=m', form, { 'X-Metadata-Form': 'yes' })
    expect(await metadataIn('m')).toEqual({ form: 'yes' })
  })

  it('refuses metadata that attributes cannot hold', async () => {
    const status = async (name: string, value: string): Promise<number> =>
      (await post('?path=m', '1', { ...octets, [`X-Metadata-${name}`]: value })).status
    expect(await status('k'.repeat(246), 'v')).toBe(200)
    expect(await status('k'.repeat(247), 'v')).toBe(400)
    expect(await status('k', 'v'.repeat(3_500))).toBe(200)
    expect(await status('k', 'v'.repeat(4_096))).toBe(400)
    expect(await status('k', 'ü')).toBe(400)
    expect(await status('k', 'a\tb')).toBe(400)
  })

  it('writes what is no file as far as that goes', async () => {
    const fifo = join(guest.home, 'fifo')
    execFileSync('mkfifo', [fifo])
    expect((await post('?path=/dev/null', 'x', octets)).status).toBe(200)
    expect((await post('?path=fifo', 'x', octets)).status).toBe(400)
    expect((await post('?path=fifo/below', 'x', octets)).status).toBe(400)
    expect((await post('?path=..%2f..%2fabove', 'x', octets)).status).toBe(200)
    expect(await readFile(join(guest.root, 'above'), 'utf8')).toBe('x')
    expect((await post('?path=nul%00', 'x', octets)).status).toBe(400)
    expect((await post('?path=~other/x', 'x', octets)).status).toBe(400)
  })

  const metadataIn = async (path: string): Promise<unknown> => {
    const { body } = await unary(guest.url, 'filesystem.Filesystem/Stat', { path })
    return (body['entry'] as { metadata?: unknown }).metadata
  }

  async function cutUpload(path: string, part: Buffer, until?: string): Promise<void> {
    const upload = request(`${guest.url}/files?path=${path}`, { method: 'POST', headers: octets })
    upload.on('error', () => undefined)
    await new Promise((resolve) => upload.write(part, resolve))
    if (until !== undefined) await vi.waitFor(() => stat(until))
    upload.destroy()
  }

  function formOf(content: string): FormData {
    const form = new FormData()
    form.append('file', new Blob([content]), 'ignored')
    return form
  }
})

describe('/files with a signed URL', () => {
  const url = (operation: FileOperation, query: Record<string, string>, expiration?: number): string => {
    const { path = '', username: user = '' } = query
    const options = expiration === undefined ? {} : { expiration }
    const signature = signFileUrl({ path, operation, user, accessToken: 'a', ...options })
    const ends: Record<string, string> = expiration === undefined ? {} : { signature_expiration: String(expiration) }
    return `/files?${new URLSearchParams({ ...query, signature, ...ends }).toString()}`
  }
  const soon = Math.floor(Date.now() / 1000) + 100

  beforeEach(async () => {
    await writeFile(join(guest.home, 'f'), 'signed')
    await guest.init({ accessToken: 'a' })
  })

  it('needs no token', async () => {
    expect(await (await get(url('read', { path: 'f' }))).text()).toBe('signed')
    expect((await get(url('read', { path: 'f', username: 'user' }, soon))).status).toBe(200)
    await writeFile(join(guest.home, 'a?b'), 'odd')
    expect(await (await get(url('read', { path: 'a?b' }).replace('%3F', '?'))).text()).toBe('odd')
    const put = { method: 'POST', body: 'x', headers: { 'Content-Type': 'application/octet-stream' } }
    expect((await fetch(guest.url + url('write', { path: 'g' }), put)).status).toBe(200)
    const form = new FormData()
    form.append('file', new Blob(['1']), 'named')
    expect((await fetch(guest.url + url('write', {}), { method: 'POST', body: form })).status).toBe(200)
  })

  it('is refused when it is wrong, over or for something else', async () => {
    const message = async (path: string, init: RequestInit = {}): Promise<unknown> => {
      const response = await fetch(guest.url + path, init)
      expect(response.status).toBe(401)
      return ((await response.json()) as { message: string }).message
    }
    const good = url('read', { path: 'f' })
    expect(await message(good.replace('path=f', 'path=g'))).toBe('invalid signature')
    expect(await message(good, { method: 'POST', body: 'x' })).toBe('invalid signature')
    expect(await message(url('read', { path: 'f' }, 1))).toBe('signature is already expired')
    expect(await message(good, { headers: { 'X-Access-Token': 'b' } })).toContain('does not match')
    expect(await message(good.replace('/files', '/files/compose'), { method: 'POST' })).toContain('unauthorized')
  })

  it('is of the user that it names, whatever the header says', async () => {
    await writeFile(join(guest.root, 'f'), 'of root')
    const response = await get(url('read', { path: 'f' }), asUserHeader('root'))
    expect(await response.text()).toBe('signed')
  })
})

describe('POST /files/compose', () => {
  const compose = async (body: unknown): Promise<Response> =>
    fetch(`${guest.url}/files/compose`, { method: 'POST', body: JSON.stringify(body) })

  it('joins files in order and deletes them', async () => {
    const big = Buffer.alloc(2_500_000, 'z')
    await writeFile(join(guest.home, 'p1'), big)
    await writeFile(join(guest.home, 'p2'), 'end')
    await writeFile(join(guest.home, 'whole'), 'before')
    const response = await compose({ source_paths: ['p1', '~/p2'], destination: 'whole' })
    expect(await response.json()).toEqual({ name: 'whole', path: join(guest.home, 'whole'), type: 'file' })
    const whole = await readFile(join(guest.home, 'whole'))
    expect(whole.equals(Buffer.concat([big, Buffer.from('end')]))).toBe(true)
    expect(await readdir(guest.home)).toEqual(['whole'])
  })

  it('leaves all as it is when it cannot', async () => {
    await writeFile(join(guest.home, 'p1'), '1')
    await writeFile(join(guest.home, 'whole'), 'before')
    const status = async (body: unknown): Promise<number> => (await compose(body)).status
    expect(await status({ source_paths: ['p1', 'missing'], destination: 'whole' })).toBe(404)
    expect(await status({ source_paths: ['p1', '/dev/zero'], destination: 'whole' })).toBe(400)
    expect(await status({ source_paths: ['whole'], destination: '~/whole' })).toBe(400)
    expect(await status({ source_paths: [], destination: 'whole' })).toBe(400)
    expect(await status({ source_paths: ['p1'] })).toBe(400)
    expect(await status({ source_paths: ['p1'], destination: 'whole', username: 'ghost' })).toBe(401)
    expect(await status(null)).toBe(400)
    expect(await readFile(join(guest.home, 'whole'), 'utf8')).toBe('before')
    expect((await readdir(guest.home)).sort()).toEqual(['p1', 'whole'])
  })
})

describe('GET /metrics', () => {
  it('says how much is used', async () => {
    const metrics = (await (await get('/metrics')).json()) as Record<string, number>
    expect(Object.keys(metrics).sort()).toEqual(
      'cpu_count cpu_used_pct disk_total disk_used mem_cache mem_total mem_total_mib mem_used mem_used_mib ts'.split(
        ' ',
      ),
    )
    expect(metrics['mem_used']).toBeGreaterThan(0)
    expect(metrics['mem_used']).toBeLessThan(metrics['mem_total']!)
    expect(metrics['disk_used']).toBeLessThan(metrics['disk_total']!)
  })
})
