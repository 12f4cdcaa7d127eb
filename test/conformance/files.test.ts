import { randomBytes } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import { FileNotFoundError, InvalidArgumentError, Sandbox } from 'e2b'
import { Sandbox as NovitaSandbox } from 'novita-sandbox'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { filesUrl, raw } from './support/raw-files.ts'

let sandbox: Sandbox
let novita: NovitaSandbox

beforeAll(async () => {
  sandbox = await Sandbox.create()
  novita = await NovitaSandbox.create()
})
afterAll(async () => {
  await sandbox.kill()
  await novita.kill()
})

const sh = async (command: string, user = 'user'): Promise<string> =>
  (await sandbox.commands.run(command, { user, timeoutMs: 60_000 })).stdout.trimEnd()

describe('e2b files', () => {
  it('go up and down as text, bytes, blobs and streams, with and without gzip', async () => {
    const bytes = new Uint8Array(randomBytes(3_000_000))
    await sandbox.files.write('text.txt', 'grüße 日本')
    expect(await sandbox.files.read('/home/user/text.txt')).toBe('grüße 日本')
    for (const gzip of [false, true]) {
      await sandbox.files.write('bytes', bytes.buffer, { gzip })
      expect(await sandbox.files.read('~/bytes', { format: 'bytes', gzip })).toEqual(bytes)
      await sandbox.files.write('stream', new Blob([bytes]).stream(), { gzip })
      const stream = await sandbox.files.read('stream', { format: 'stream', gzip })
      expect(new Uint8Array(await new Response(stream).arrayBuffer())).toEqual(bytes)
    }
    await sandbox.files.write('empty', '')
    expect(await sandbox.files.read('empty')).toBe('')
    expect((await sandbox.files.read('bytes', { format: 'blob' })).size).toBe(bytes.length)
  })

  it('go up many in one call', async () => {
    const files = Array.from({ length: 50 }, (_, index) => ({ path: `many/d${index}/f`, data: `${index}` }))
    const written = await sandbox.files.writeFiles(files)
    expect(written.map(({ path }) => path)).toEqual(files.map(({ path }) => `/home/user/${path}`))
    expect(await sh('cat many/*/f | wc -c; stat -c "%U %G %a" many many/d7 many/d7/f')).toBe(
      '90\nuser user 755\nuser user 755\nuser user 644',
    )
  })

  it('keep metadata in attributes that any program sees', async () => {
    const info = await sandbox.files.write('meta', 'x', { metadata: { Author: 'ann', 'x-note': 'a b' } })
    expect(info.metadata).toEqual({ author: 'ann', 'x-note': 'a b' })
    expect((await sandbox.files.getInfo('meta')).metadata).toEqual(info.metadata)
    const entries = await sandbox.files.list('.')
    expect(entries.find(({ name }) => name === 'meta')?.metadata).toEqual(info.metadata)
    expect(await sh(`python3 -c 'import os; print(os.getxattr("meta", "user.e2b.author"))'`)).toBe("b'ann'")
    await sandbox.pause()
    await sandbox.connect()
    expect((await sandbox.files.getInfo('meta')).metadata).toEqual(info.metadata)
    await sandbox.files.rename('meta', 'meta2')
    expect((await sandbox.files.getInfo('meta2')).metadata).toEqual(info.metadata)
    await sandbox.files.write('meta2', 'y')
    expect((await sandbox.files.getInfo('meta2')).metadata ?? {}).toEqual({})
  })

  it('are described with type, mode, owner, times and links', async () => {
    await sh(
      'mkdir -p described/dir; cd described; echo 12345 > f; chmod 640 f; ln -s f link; ln -s gone dangling; ln -s dir dirlink',
    )
    await sh('chown root:user /home/user/described/f', 'root')
    const entries = await sandbox.files.list('described', { depth: 1 })
    // A link to nothing has no type, and the client leaves it out.
    expect(entries.map(({ name }) => name)).toEqual(['dir', 'dirlink', 'f', 'link'])
    const [dir, dirlink, file, link] = entries
    expect(file).toMatchObject({
      type: 'file',
      size: 6,
      mode: 0o640,
      permissions: '-rw-r-----',
      owner: 'root',
      group: 'user',
    })
    expect(Math.abs(file!.modifiedTime!.getTime() - Date.now())).toBeLessThan(60_000)
    expect(dir).toMatchObject({ type: 'dir', permissions: 'drwxr-xr-x' })
    expect(link).toMatchObject({ type: 'file', symlinkTarget: '/home/user/described/f', mode: 0o640 })
    expect(dirlink).toMatchObject({ type: 'dir', symlinkTarget: '/home/user/described/dir' })
    const { body } = await raw(sandbox, 'filesystem.Filesystem/Stat', { path: 'described/link' })
    expect(body).toMatchObject({ entry: { isSymlink: true, type: 'FILE_TYPE_FILE' } })
    const dangling = await raw(sandbox, 'filesystem.Filesystem/Stat', { path: 'described/dangling' })
    expect(dangling.body).toMatchObject({ entry: { isSymlink: true, symlinkTarget: '/home/user/described/dangling' } })
  })

  it('of procfs are read though they claim no size', async () => {
    expect(await sandbox.files.read('/proc/version')).toContain('Linux')
    expect((await sandbox.files.read('/proc/meminfo', { gzip: true })).length).toBeGreaterThan(100)
  })

  it('are those of the user that is named', async () => {
    await sandbox.files.write('who', 'root', { user: 'root' })
    expect(await sandbox.files.read('/root/who', { user: 'root' })).toBe('root')
    expect((await sandbox.files.getInfo('who', { user: 'root' })).owner).toBe('root')
    expect(await sandbox.files.exists('who')).toBe(false)
    await expect(sandbox.files.read('who', { user: 'ghost' })).rejects.toThrow("invalid username: 'ghost'")
  })

  it('that cannot be are refused with the documented errors', async () => {
    await expect(sandbox.files.read('missing')).rejects.toThrow(
      new FileNotFoundError("path '/home/user/missing' does not exist"),
    )
    await expect(sandbox.files.read('/etc')).rejects.toThrow(InvalidArgumentError)
    await expect(sandbox.files.write('/etc', 'x')).rejects.toThrow(InvalidArgumentError)
    await expect(sandbox.files.read('a\0b')).rejects.toThrow(InvalidArgumentError)
    await expect(sandbox.files.list('a\0b')).rejects.toThrow(InvalidArgumentError)
    await expect(sandbox.files.list('~other/x')).rejects.toThrow(InvalidArgumentError)
    await expect(sandbox.files.list('text.txt')).rejects.toThrow(InvalidArgumentError)
    expect(await sandbox.files.read('../../home/../home/user/./text.txt')).toBe('grüße 日本')
    await expect(sandbox.files.write('x'.repeat(300), '')).rejects.toThrow(InvalidArgumentError)
  })

  it('are moved between memory and disk, and removed', async () => {
    await sandbox.files.write('/tmp/from/deep/file', 'moved')
    await sandbox.files.rename('/tmp/from', 'to/here')
    expect(await sandbox.files.read('to/here/deep/file')).toBe('moved')
    expect(await sandbox.files.makeDir('to/here')).toBe(false)
    await sandbox.files.remove('to')
    expect(await sandbox.files.exists('to')).toBe(false)
  })
})

describe('raw requests', () => {
  const octets = { 'Content-Type': 'application/octet-stream' }

  it('upload with gzip around everything and download a range, an encoding or nothing', async () => {
    const bytes = randomBytes(100_000)
    const put = await fetch(filesUrl('raw'), {
      method: 'POST',
      headers: { ...octets, ...raw.headers(sandbox), 'Content-Encoding': 'gzip' },
      body: gzipSync(bytes),
    })
    expect(await put.json()).toEqual([{ name: 'raw', path: '/home/user/raw', type: 'file' }])
    const get = async (headers: Record<string, string>): Promise<Response> =>
      fetch(filesUrl('raw'), { headers: { ...raw.headers(sandbox), ...headers } })
    const part = await get({ Range: 'bytes=10-19' })
    expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 10-19/100000'])
    expect(Buffer.from(await part.arrayBuffer())).toEqual(bytes.subarray(10, 20))
    expect((await get({ Range: 'bytes=200000-' })).status).toBe(416)
    expect((await get({ 'Accept-Encoding': 'br, identity;q=0' })).status).toBe(406)
    const whole = await get({})
    expect(whole.headers.get('vary')).toBe('Accept-Encoding')
    expect(whole.headers.get('content-disposition')).toContain("inline; filename*=UTF-8''raw")
    expect(whole.headers.get('content-length')).toBe('100000')
    expect((await whole.arrayBuffer()).byteLength).toBe(100_000)
  })

  it('give gzip as it is on the wire', async () => {
    await sandbox.files.write('zip', 'z'.repeat(50_000))
    const headers = { ...raw.headers(sandbox), 'Accept-Encoding': 'gzip' }
    const { status, body, encoding } = await raw.bytes(filesUrl('zip'), headers)
    expect([status, encoding]).toEqual([200, 'gzip'])
    expect(body.length).toBeLessThan(5_000)
    expect(gunzipSync(body).toString()).toBe('z'.repeat(50_000))
  })

  it('compose parts and delete them', async () => {
    await sandbox.files.writeFiles([
      { path: 'part1', data: 'one ' },
      { path: 'part2', data: 'two' },
    ])
    const compose = async (body: object): Promise<Response> =>
      fetch(`${process.env['E2B_SANDBOX_URL']}/files/compose`, {
        method: 'POST',
        headers: { ...raw.headers(sandbox), 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      })
    const composed = await compose({ source_paths: ['part1', 'part2'], destination: 'whole', username: 'user' })
    expect(await composed.json()).toEqual({ name: 'whole', path: '/home/user/whole', type: 'file' })
    expect(await sandbox.files.read('whole')).toBe('one two')
    expect(await sandbox.files.exists('part1')).toBe(false)
    expect((await compose({ source_paths: ['part1'], destination: 'whole' })).status).toBe(404)
  })

  it('refuse metadata beyond the limits', async () => {
    const status = async (headers: Record<string, string>): Promise<number> =>
      (
        await fetch(filesUrl('m'), {
          method: 'POST',
          headers: { ...octets, ...raw.headers(sandbox), ...headers },
          body: 'x',
        })
      ).status
    expect(await status({ [`X-Metadata-${'k'.repeat(246)}`]: 'v' })).toBe(200)
    expect(await status({ [`X-Metadata-${'k'.repeat(247)}`]: 'v' })).toBe(400)
    expect(await status({ 'X-Metadata-k': 'v'.repeat(4_096) })).toBe(400)
  })

  it('answer 507 when a disk is full, keep the daemon alive and leave no part', async () => {
    const free = Number(await sh('df --output=avail -B1 /dev/shm | tail -1'))
    const filler = `/dev/shm/filler`
    await sh(`head -c ${free - 2_000_000} /dev/zero > ${filler}`, 'root')
    const full = await fetch(filesUrl('/dev/shm/more'), {
      method: 'POST',
      headers: { ...octets, ...raw.headers(sandbox) },
      body: Buffer.alloc(8_000_000),
    })
    expect(full.status).toBe(507)
    expect(await full.json()).toMatchObject({ code: 507 })
    expect(await sandbox.files.exists('/dev/shm/more')).toBe(false)
    await sandbox.files.remove(filler)
    expect(await sandbox.files.read('text.txt')).toBe('grüße 日本')
  })

  it('say how much the sandbox uses, and its variables', async () => {
    const get = async (path: string): Promise<Record<string, number>> =>
      (await (
        await fetch(`${process.env['E2B_SANDBOX_URL']}${path}`, { headers: raw.headers(sandbox) })
      ).json()) as never
    const metrics = await get('/metrics')
    expect(metrics['mem_total']).toBe(metrics['mem_total_mib']! * 1024 * 1024)
    expect(metrics['cpu_count']).toBeGreaterThan(0)
    expect(metrics['disk_used']).toBeLessThan(metrics['disk_total']!)
    expect(await get('/envs')).toBeTypeOf('object')
  })
})

describe('novita-sandbox files', () => {
  it('go up as forms and as octets, and down in every format', async () => {
    const bytes = new Uint8Array(randomBytes(2_000_000))
    await novita.files.write('n/bytes', bytes.buffer)
    expect(await novita.files.read('n/bytes', { format: 'bytes' })).toEqual(bytes)
    const written = await novita.files.write([
      { path: 'n/1', data: 'one' },
      { path: 'n/2', data: new Blob(['two']) },
    ])
    expect(written.map(({ name }) => name)).toEqual(['1', '2'])
    expect((await novita.files.list('n')).map(({ name }) => name)).toEqual(['1', '2', 'bytes'])
    expect(await novita.files.getInfo('n/1')).toMatchObject({ type: 'file', size: 3, owner: 'user' })
    await novita.files.rename('n/1', 'n/3')
    expect(await novita.files.exists('n/1')).toBe(false)
    await novita.files.remove('n')
    expect(await novita.files.exists('n')).toBe(false)
  })
})
