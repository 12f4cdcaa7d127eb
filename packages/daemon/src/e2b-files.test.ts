import { mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FileNotFoundError, InvalidArgumentError, Sandbox } from 'e2b'
import { Sandbox as NovitaSandbox } from 'novita-sandbox'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApi, startTestGuest, type TestApi, type TestGuest } from './testing/test-guest.ts'

let guest: TestGuest
let api: TestApi
let e2b: Sandbox
let novita: NovitaSandbox

beforeAll(async () => {
  guest = await startTestGuest()
  api = await startTestApi('token-1')
  await guest.init({ accessToken: 'token-1' })
  e2b = await Sandbox.create({ apiKey: 'e2b_00', apiUrl: api.url, sandboxUrl: guest.url })
  novita = await NovitaSandbox.create({ apiKey: 'x', apiUrl: api.url, sandboxUrl: guest.url })
})

afterAll(async () => {
  await api[Symbol.asyncDispose]()
  await guest[Symbol.asyncDispose]()
})

describe('e2b files', () => {
  it('are written and read as text, bytes and streams', async () => {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, index) => (index * 31) % 256)
    expect(await e2b.files.write('dir/a b.txt', 'grüße')).toMatchObject({
      name: 'a b.txt',
      path: join(guest.home, 'dir/a b.txt'),
      type: 'file',
    })
    expect(await e2b.files.read('~/dir/a b.txt')).toBe('grüße')
    await e2b.files.write('bin', bytes.buffer)
    expect(await e2b.files.read('bin', { format: 'bytes' })).toEqual(bytes)
    const stream = await e2b.files.read('bin', { format: 'stream' })
    expect(new Uint8Array(await new Response(stream).arrayBuffer())).toEqual(bytes)
  })

  it('are written from streams and with gzip, and read with gzip', async () => {
    const text = 'streamed '.repeat(50_000)
    await e2b.files.write('s1', new Blob([text]).stream())
    await e2b.files.write('s2', text, { gzip: true })
    expect(await e2b.files.read('s1')).toBe(text)
    expect(await e2b.files.read('s2', { gzip: true })).toBe(text)
  })

  it('may be empty', async () => {
    await e2b.files.write('empty', '')
    expect(await e2b.files.read('empty')).toBe('')
    expect(await e2b.files.read('empty', { format: 'bytes' })).toEqual(new Uint8Array())
  })

  it('are written many at once, over what was there', async () => {
    await e2b.files.write('many/1', 'a much longer text that goes away')
    const files = Array.from({ length: 20 }, (_, index) => ({ path: `many/${index}`, data: `n${index}` }))
    expect(await e2b.files.writeFiles(files)).toHaveLength(20)
    expect(await e2b.files.read('many/1')).toBe('n1')
    expect(await e2b.files.read('many/19')).toBe('n19')
  })

  it('of procfs are read though they claim no size', async () => {
    expect(await e2b.files.read('/proc/self/status')).toContain('VmRSS')
  })

  it('get the mode, owner and parents of their user', async () => {
    await e2b.files.write('p1/p2/file', 'x')
    expect((await stat(join(guest.home, 'p1/p2'))).mode & 0o777).toBe(0o755)
    const { mode, uid } = await stat(join(guest.home, 'p1/p2/file'))
    expect(mode & 0o777).toBe(0o644)
    expect(uid).toBe((await stat(guest.home)).uid)
  })

  it('that cannot be are refused', async () => {
    await expect(e2b.files.read('missing')).rejects.toThrow(
      new FileNotFoundError(`path '${join(guest.home, 'missing')}' does not exist`),
    )
    await expect(e2b.files.read('/')).rejects.toThrow(InvalidArgumentError)
    await expect(e2b.files.write('/', 'x')).rejects.toThrow(InvalidArgumentError)
    await expect(e2b.files.write('nul\0', 'x')).rejects.toThrow(InvalidArgumentError)
    await expect(e2b.files.exists('nul\0')).rejects.toThrow(InvalidArgumentError)
    await expect(e2b.files.read('x', { user: 'ghost' })).rejects.toThrow("invalid username: 'ghost'")
  })
})

describe('e2b directories', () => {
  it('are made once, with parents', async () => {
    expect(await e2b.files.makeDir('made/deep')).toBe(true)
    expect(await e2b.files.makeDir('made/deep')).toBe(false)
    await e2b.files.write('made/file', '')
    await expect(e2b.files.makeDir('made/file')).rejects.toThrow(InvalidArgumentError)
    await expect(e2b.files.makeDir('made/file/below')).rejects.toThrow(InvalidArgumentError)
  })

  it('are listed in order, to a depth, without following links', async () => {
    const base = join(guest.home, 'tree')
    await mkdir(join(base, 'b/c'), { recursive: true })
    await writeFile(join(base, 'b/c/deep'), '')
    await writeFile(join(base, 'a'), '12345')
    await symlink(join(base, 'b'), join(base, 'link'))
    expect((await e2b.files.list('tree')).map((entry) => entry.name)).toEqual(['a', 'b', 'link'])
    expect((await e2b.files.list('tree', { depth: 2 })).map((entry) => entry.path)).toEqual(
      ['a', 'b', 'b/c', 'link'].map((name) => join(base, name)),
    )
    expect(await e2b.files.getInfo('tree/a')).toMatchObject({ type: 'file', size: 5, permissions: '-rw-r--r--' })
    expect(await e2b.files.getInfo('tree/link')).toMatchObject({
      type: 'dir',
      permissions: 'Lrwxrwxrwx',
      symlinkTarget: join(base, 'b'),
      mode: 0o755,
    })
    await expect(e2b.files.list('tree/a')).rejects.toThrow(InvalidArgumentError)
    await expect(e2b.files.list('nope')).rejects.toThrow(FileNotFoundError)
  })

  it('are moved, with parents made, and removed whole', async () => {
    await e2b.files.write('from/x', 'moved')
    expect(await e2b.files.rename('from', 'to/here')).toMatchObject({ name: 'here', type: 'dir' })
    expect(await e2b.files.read('to/here/x')).toBe('moved')
    expect(await e2b.files.exists('from')).toBe(false)
    await e2b.files.remove('to')
    await e2b.files.remove('to')
    expect(await e2b.files.exists('to/here')).toBe(false)
    await expect(e2b.files.rename('from', 'x')).rejects.toThrow(FileNotFoundError)
  })
})

describe('novita-sandbox', () => {
  it('runs commands and moves files', async () => {
    expect((await novita.commands.run('echo $USER')).stdout).toBe('user\n')
    const echoed = Promise.withResolvers<void>()
    const onStdout = (): void => echoed.resolve()
    const handle = await novita.commands.run('cat', { background: true, stdin: true, onStdout })
    await novita.commands.sendStdin(handle.pid, 'hi')
    await echoed.promise
    expect(await novita.commands.kill(handle.pid)).toBe(true)
    await expect(handle.wait()).rejects.toMatchObject({ stdout: 'hi' })
    await novita.files.write('n.txt', 'novita')
    expect(await novita.files.read('n.txt')).toBe('novita')
    expect(await readFile(join(guest.home, 'n.txt'), 'utf8')).toBe('novita')
    expect(await novita.files.exists('missing')).toBe(false)
    expect(await novita.isRunning()).toBe(true)
  })
})

describe('the daemon', () => {
  it('has logged nothing of all this', () => {
    expect(guest.log).toEqual([])
  })
})
