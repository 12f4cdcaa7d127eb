import { gzipSync } from 'node:zlib'
import { Sandbox } from 'e2b'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rawGuest, type RawGuest } from './support/raw-rpc.ts'

let sandbox: Sandbox
let guest: RawGuest
beforeAll(async () => {
  sandbox = await Sandbox.create({ timeoutMs: 600_000, envs: { OF_SANDBOX: 'given' } })
  guest = await rawGuest(sandbox)
})
afterAll(() => sandbox.kill())

const OCTETS = { 'Content-Type': 'application/octet-stream' }
/** Where the query is as given: percent escapes stay what the test says. */
const get = (query: string, headers: Record<string, string> = {}): Promise<Response> =>
  guest.fetch(`/files?${query}`, { headers })
const post = (query: string, body: RequestInit['body'], headers: Record<string, string> = {}): Promise<Response> =>
  guest.fetch(`/files?${query}`, { method: 'POST', body: body ?? '', headers })
const compose = (body: unknown): Promise<Response> =>
  guest.fetch('/files/compose', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
const sh = async (command: string, user = 'user'): Promise<string> =>
  (await sandbox.commands.run(command, { user })).stdout
const problem = (code: number, text: string) => ({ code, message: expect.stringContaining(text) as string })

/** A form whose part has the name and file name as given, which FormData would mend. */
function form(parts: readonly { name?: string; fileName: string; data: string }[]) {
  const boundary = 'x-boundary'
  const body = parts.map(
    ({ name = 'file', fileName, data }) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"; filename="${fileName}"\r\n\r\n${data}\r\n`,
  )
  return {
    body: `${body.join('')}--${boundary}--\r\n`,
    headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` },
  }
}

describe('paths', () => {
  it.each<[string, number, string]>([
    ['path=missing', 404, "path '/home/user/missing' does not exist"],
    ['path=/etc', 400, 'directory'],
    ['path=', 400, 'directory'],
    ['', 400, 'directory'],
    ['path=a%00b', 400, 'NUL byte'],
    ['path=/etc/passwd%00.txt', 400, 'NUL byte'],
    ['path=/etc/passwd/below', 400, 'ENOTDIR'],
    ['path=/dev/zero', 400, 'not a regular file'],
    [`path=${'x'.repeat(300)}`, 400, 'ENAMETOOLONG'],
    [`path=${'d/'.repeat(3_000)}`, 400, 'ENAMETOOLONG'],
    ['path=loop', 400, 'ELOOP'],
    ['path=~root/x', 400, '~root'],
    ['path=x&username=ghost', 401, "invalid username: 'ghost'"],
    ['path=x&username=root%00', 401, 'invalid username'],
  ])('a download of "%s" is answered with %i', async (query, status, text) => {
    await sh('ln -sfn loop loop')
    const answer = await get(query)
    expect([answer.status, await answer.json()]).toEqual([status, problem(status, text)])
  })

  it.each([
    'path=../../etc/hostname',
    'path=../user/../../etc/hostname',
    'path=/home/user/..%2f..%2fetc%2fhostname',
    'path=~/../../etc//./hostname',
  ])('"%s" means what it says once it is normalised', async (query) => {
    expect(await (await get(query)).text()).toBe(await sh('cat /etc/hostname'))
  })

  it('a part of a form goes where its file name says, wherever that is, unless the query has a path', async () => {
    const upload = async (fileName: string, query = '') => {
      const { body, headers } = form([{ fileName, data: 'x' }])
      const answer = await post(query, body, headers)
      return [answer.status, await answer.json()]
    }
    const written = (path: string) => [200, [{ name: path.split('/').at(-1), path, type: 'file' }]]
    expect(await upload('../other/f')).toEqual(written('/home/other/f'))
    expect(await upload('/tmp/new/f')).toEqual(written('/tmp/new/f'))
    expect(await upload('/etc/passwd', 'path=wins')).toEqual(written('/home/user/wins'))
    expect(await upload('a\0b')).toEqual([400, problem(400, '')])
    expect(await upload('')).toEqual([400, problem(400, '')])
    expect(await upload('~root/f')).toEqual([400, problem(400, '~root')])
    expect(await sh('stat -c "%U %a" /home/other /home/other/f; cat wins')).toBe('user 755\nuser 644\nx')
  })

  it('several parts are several files, and the first of two for one path stays', async () => {
    const { body, headers } = form([
      { fileName: 'p/1', data: 'one' },
      { name: 'other', fileName: 'p/skipped', data: 'x' },
      { fileName: 'p/2', data: 'two' },
    ])
    expect(await (await post('', body, headers)).json()).toMatchObject([{ name: '1' }, { name: '2' }])
    const twice = form([
      { fileName: 'p/3', data: 'first' },
      { fileName: './p/3', data: 'second' },
    ])
    expect((await post('', twice.body, twice.headers)).status).toBe(400)
    expect(await sh('ls p; cat p/3')).toBe('1\n2\n3\nfirst')
  })
})

describe('bodies', () => {
  it.each<[string, string, Record<string, string>, string]>([
    ['octets without a path', '', OCTETS, '"path" is missing'],
    ['another type', 'path=x', { 'Content-Type': 'text/plain' }, 'content type "text/plain"'],
    ['an unknown encoding', 'path=x', { ...OCTETS, 'Content-Encoding': 'br' }, 'content encoding "br"'],
    ['what is not gzip', 'path=x', { ...OCTETS, 'Content-Encoding': 'gzip' }, 'not gzip'],
    ['a form without a boundary', 'path=x', { 'Content-Type': 'multipart/form-data' }, 'form'],
    ['a form that is cut', 'path=x', { 'Content-Type': 'multipart/form-data; boundary=b' }, 'form'],
  ])('refuses %s', async (_, query, headers, text) => {
    const answer = await post(query, 'some text', headers)
    expect([answer.status, await answer.json()]).toEqual([400, problem(400, text)])
    expect(await sh('test -e x || echo none')).toBe('none\n')
  })

  it('refuses gzip that ends early, and leaves no file', async () => {
    const packed = gzipSync(Buffer.alloc(200_000, 'abc'))
    const cut = await post('path=cut', packed.subarray(0, packed.length - 20), {
      ...OCTETS,
      'Content-Encoding': 'gzip',
    })
    expect(cut.status).toBe(400)
    expect(await sh('test -e cut || echo none')).toBe('none\n')
  })

  it('takes gzip around a form, and gives gzip to a client that asks for it alone', async () => {
    const { body, headers } = form([
      { fileName: 'g/1', data: 'one' },
      { fileName: 'g/2', data: 'z'.repeat(100_000) },
    ])
    const put = await post('', new Uint8Array(gzipSync(body)), { ...headers, 'Content-Encoding': 'gzip' })
    expect(await put.json()).toMatchObject([{ path: '/home/user/g/1' }, { path: '/home/user/g/2' }])
    expect(await sh('wc -c < g/2')).toBe('100000\n')
    const packed = await get('path=g/2', { 'Accept-Encoding': 'gzip' })
    expect([packed.headers.get('content-encoding'), packed.headers.get('vary')]).toEqual(['gzip', 'Accept-Encoding'])
    expect((await packed.text()).length).toBe(100_000)
  })

  it('says Content-Length: 0 for an empty file', async () => {
    expect((await post('path=empty', '', OCTETS)).status).toBe(200)
    const empty = await get('path=empty')
    expect([empty.status, empty.headers.get('content-length')]).toEqual([200, '0'])
  })

  it.each([
    ['bytes=0-0', 206, 'bytes 0-0/10', '0'],
    ['bytes=7-', 206, 'bytes 7-9/10', '789'],
    ['bytes=-3', 206, 'bytes 7-9/10', '789'],
    ['bytes=-30', 206, 'bytes 0-9/10', '0123456789'],
    ['bytes=8-99', 206, 'bytes 8-9/10', '89'],
    ['bytes=0-1,4-5', 200, null, '0123456789'],
    ['bytes=5-2', 200, null, '0123456789'],
    ['lines=1-2', 200, null, '0123456789'],
  ])('answers Range: %s', async (range, status, contentRange, text) => {
    await sandbox.files.write('digits', '0123456789')
    const part = await get('path=digits', { Range: range })
    expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([status, contentRange, text])
  })

  it('answers a range that is outside with 416 and the size, and the whole file when it has changed since', async () => {
    await sandbox.files.write('digits', '0123456789')
    const outside = await get('path=digits', { Range: 'bytes=10-' })
    expect([outside.status, outside.headers.get('content-range')]).toEqual([416, 'bytes */10'])
    const since = (await get('path=digits')).headers.get('last-modified') ?? ''
    expect((await get('path=digits', { Range: 'bytes=1-2', 'If-Range': since })).status).toBe(206)
    const other = await get('path=digits', { Range: 'bytes=1-2', 'If-Range': 'Thu, 01 Jan 1970 00:00:00 GMT' })
    expect([other.status, await other.text()]).toEqual([200, '0123456789'])
  })
})

describe('metadata', () => {
  it('is replaced as a whole by the next upload, in attributes of the file', async () => {
    const upload = async (headers: Record<string, string>): Promise<unknown> =>
      ((await (await post('path=meta', 'x', { ...OCTETS, ...headers })).json()) as { metadata?: unknown }[])[0]
        ?.metadata
    const stored = (): Promise<string> => sh(`python3 -c 'import os; print(sorted(os.listxattr("meta")))'`)
    expect(await upload({ 'X-Metadata-One': '1', 'X-Metadata-Two': '2' })).toEqual({ one: '1', two: '2' })
    expect(await upload({ 'X-Metadata-Three': 'a b~' })).toEqual({ three: 'a b~' })
    expect(await stored()).toBe("['user.e2b.three']\n")
    expect(await upload({})).toBeUndefined()
    expect(await stored()).toBe('[]\n')
  })

  it('beyond what attributes hold is refused before anything is written', async () => {
    const upload = (headers: Record<string, string>): Promise<Response> =>
      post('path=refused', 'x', { ...OCTETS, ...headers })
    for (const headers of [
      { [`X-Metadata-${'k'.repeat(247)}`]: 'v' },
      { 'X-Metadata-k': 'v'.repeat(4_096) },
      { 'X-Metadata-k': 'v'.repeat(4_000), 'X-Metadata-l': 'v'.repeat(100) },
      { 'X-Metadata-k': '\u00e9' },
    ]) {
      expect((await upload(headers)).status).toBe(400)
    }
    expect(await sh('test -e refused || echo none')).toBe('none\n')
  })
})

describe('POST /files/compose', () => {
  it('joins many, large and empty ones in the order that was asked, as the user who asked', async () => {
    await sh('mkdir -p c; for i in 3 1 2; do head -c 3000000 /dev/zero | tr "\\0" $i > c/$i; done; : > c/none')
    const { status } = await compose({
      source_paths: ['c/3', '~/c/1', 'c/none', '/home/user/c/2'],
      destination: 'c/new/whole',
      username: 'user',
    })
    expect(status).toBe(200)
    expect(await sh('stat -c "%s %U %a" c/new/whole; tr -s 0-9 < c/new/whole; echo; ls c')).toBe(
      '9000000 user 644\n312\nnew\n',
    )
  })

  it.each<[string, unknown, number, string]>([
    ['a missing source', { source_paths: ['k/1', 'k/gone'], destination: 'k/d' }, 404, 'k/gone'],
    ['a folder', { source_paths: ['k/1', 'k'], destination: 'k/d' }, 400, 'not a regular file'],
    ['itself', { source_paths: ['k/1', 'k/d'], destination: './k/d' }, 400, 'same as destination'],
    ['no source', { source_paths: [], destination: 'k/d' }, 400, 'empty'],
    ['no destination', { source_paths: ['k/1'] }, 400, 'destination'],
    ['a NUL in a source', { source_paths: ['k/1', 'a\0b'], destination: 'k/d' }, 400, 'NUL byte'],
    ['a NUL in the destination', { source_paths: ['k/1'], destination: 'a\0b' }, 400, 'NUL byte'],
    ['an unknown user', { source_paths: ['k/1'], destination: 'k/d', username: 'ghost' }, 401, 'ghost'],
    ['what is no list', { source_paths: 'k/1', destination: 'k/d' }, 400, 'source_paths'],
    ['what is no object', null, 400, 'object'],
    ['a folder as the destination', { source_paths: ['k/1'], destination: 'k' }, 400, ''],
  ])('refuses %s, and leaves all as it was', async (_, body, status, text) => {
    await sh('mkdir -p k; echo 1 > k/1; echo old > k/d')
    const answer = await compose(body)
    expect([answer.status, await answer.json()]).toEqual([status, problem(status, text)])
    expect(await sh('ls -A k; cat k/*')).toBe('1\nd\n1\nold\n')
  })
})

describe('who may ask', () => {
  it.each([
    ['GET', '/envs'],
    ['GET', '/metrics'],
    ['POST', '/files/compose'],
    ['POST', '/filesystem.Filesystem/Stat'],
    ['POST', '/process.Process/Start'],
    ['GET', '/nothing'],
  ])('%s %s needs the token', async (method, path) => {
    const message = 'unauthorized access, please provide a valid access token or method signing if supported'
    for (const token of ['', 'wrong']) {
      const answer = await guest.fetch(path, { method, headers: { 'X-Access-Token': token } })
      expect([answer.status, await answer.json()]).toEqual([401, { code: 401, message }])
    }
  })

  it('GET /health does not', async () => {
    expect((await guest.fetch('/health', { headers: { 'X-Access-Token': 'wrong' } })).status).toBe(204)
  })

  it('/files names what is wrong with a token or a signature', async () => {
    const ask = async (query: string, init: RequestInit = {}): Promise<unknown> => {
      const { sandboxId } = sandbox
      const answer = await fetch(`${process.env.E2B_SANDBOX_URL}/files?${query}`, {
        ...init,
        headers: { 'E2b-Sandbox-Id': sandboxId, 'E2b-Sandbox-Port': '49983', ...(init.headers as object) },
      })
      return [answer.status, ((await answer.json()) as { message: string }).message]
    }
    const signed = new URL(await sandbox.downloadUrl('/etc/hostname', { useSignatureExpiration: 600 })).searchParams
    const signature = signed.get('signature') ?? ''
    const change = (key: string, value: string): string => {
      const copy = new URLSearchParams(signed)
      copy.set(key, value)
      return copy.toString()
    }
    const wrong = [401, 'invalid signature']
    expect(await ask('path=/etc/hostname')).toEqual([401, 'missing signature query parameter'])
    for (const other of ['', 'v1_', signature.slice(0, -1), `${signature}=`, `v2${signature.slice(2)}`, 'v1_\0', '☃']) {
      expect(await ask(change('signature', other))).toEqual(other === '' ? [401, expect.any(String)] : wrong)
    }
    for (const at of ['9999999999', '1', '-1', 'x', '1e9', '', ' ']) {
      expect(await ask(change('signature_expiration', at))).toEqual([401, expect.any(String)])
    }
    expect(await ask(change('path', '/etc/shadow'))).toEqual(wrong)
    expect(await ask(change('path', '/etc/./hostname'))).toEqual(wrong)
    expect(await ask(change('username', 'root'))).toEqual(wrong)
    expect(await ask(signed.toString(), { method: 'POST', headers: OCTETS, body: 'x' })).toEqual(wrong)
    const stale = { headers: { 'X-Access-Token': 'wrong' } }
    expect(await ask(signed.toString(), stale)).toEqual([401, 'access token present in header but does not match'])
  })

  it('a web page of any origin may, and may read what it is told', async () => {
    const asked = { Origin: 'https://a.test', 'Access-Control-Request-Method': 'POST' }
    const preflight = await guest.fetch('/files', {
      method: 'OPTIONS',
      headers: { ...asked, 'Access-Control-Request-Headers': 'x-access-token,content-type', 'X-Access-Token': '' },
    })
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, '*'])
    expect(preflight.headers.get('access-control-allow-headers')).toContain('x-access-token')
    const answer = await get('path=missing', { Origin: 'https://a.test' })
    expect(answer.headers.get('access-control-allow-origin')).toBe('*')
    expect(answer.headers.get('access-control-expose-headers')?.toLowerCase()).toContain('grpc-status')
  })
})

describe('GET /metrics and /envs', () => {
  it('have the fields that are documented, in numbers that fit each other', async () => {
    const metrics = (await (await guest.fetch('/metrics')).json()) as Record<string, number>
    const names =
      'ts cpu_count cpu_used_pct mem_total mem_used mem_cache mem_total_mib mem_used_mib disk_used disk_total'
    expect(Object.keys(metrics).toSorted()).toEqual(names.split(' ').toSorted())
    expect(Object.values(metrics).every((value) => Number.isFinite(value) && value >= 0)).toBe(true)
    expect(metrics['mem_used']).toBeLessThan(metrics['mem_total'] ?? 0)
    expect(metrics['cpu_used_pct']).toBeLessThanOrEqual(100)
  })

  it('tell the variables that the sandbox was made with', async () => {
    expect(await (await guest.fetch('/envs')).json()).toMatchObject({ OF_SANDBOX: 'given' })
  })
})
