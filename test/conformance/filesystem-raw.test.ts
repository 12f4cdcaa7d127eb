import { Sandbox } from 'e2b'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asUser, rawGuest, type RawGuest } from './support/raw-rpc.ts'

let sandbox: Sandbox
let guest: RawGuest
beforeAll(async () => {
  sandbox = await Sandbox.create({ timeoutMs: 600_000 })
  guest = await rawGuest(sandbox)
})
afterAll(() => sandbox.kill())

const call = (method: string, body: unknown, headers: Record<string, string> = {}) =>
  guest.unary(`filesystem.Filesystem/${method}`, body, headers)
const sh = async (command: string): Promise<string> => (await sandbox.commands.run(command)).stdout
const pathsOf = (body: Record<string, unknown>): string[] =>
  ((body['entries'] ?? []) as { path: string }[]).map(({ path }) => path)

describe('an entry', () => {
  it('is written as proto3 JSON: sizes as text, enums by name, times as RFC 3339', async () => {
    await sh('mkdir -p json; printf 12345 > json/f; chmod 4751 json/f; touch -d 2024-02-03T04:05:06.5Z json/f')
    expect((await call('Stat', { path: 'json/f' })).body).toEqual({
      entry: {
        name: 'f',
        type: 'FILE_TYPE_FILE',
        path: '/home/user/json/f',
        size: '5',
        mode: 0o751,
        permissions: 'urwxr-x--x',
        owner: 'user',
        group: 'user',
        modifiedTime: '2024-02-03T04:05:06.500Z',
      },
    })
  })

  it('of a link has type and mode of what it leads to, and where that is', async () => {
    await sh('mkdir -p links/real; ln -s real links/one; ln -s one links/two; ln -s loop links/loop')
    expect((await call('Stat', { path: 'links/two' })).body).toMatchObject({
      entry: { name: 'two', type: 'FILE_TYPE_DIRECTORY', mode: 0o755, symlinkTarget: '/home/user/links/real' },
    })
    expect((await call('Stat', { path: 'links/loop' })).body).toMatchObject({ entry: { name: 'loop' } })
  })
})

describe('Stat, MakeDir, Move, ListDir, Remove', () => {
  beforeAll(() => sh('mkdir -p tree/b/deep tree/a; echo > tree/a/x; echo > tree/c; ln -s b tree/link; echo > file'))

  it.each<[string, object, number, string, string]>([
    ['Stat', { path: 'missing' }, 404, 'not_found', "path '/home/user/missing' does not exist"],
    ['Stat', { path: 'file/below' }, 400, 'invalid_argument', 'file/below'],
    ['Stat', { path: 'x'.repeat(300) }, 400, 'invalid_argument', 'ENAMETOOLONG'],
    ['MakeDir', { path: 'tree' }, 409, 'already_exists', 'directory already exists'],
    ['MakeDir', { path: 'file' }, 400, 'invalid_argument', 'not a directory'],
    ['MakeDir', { path: 'file/below/it' }, 400, 'invalid_argument', 'file'],
    ['Move', { source: 'missing', destination: 'new' }, 404, 'not_found', 'missing'],
    ['Move', { source: 'file', destination: 'file/below' }, 400, 'invalid_argument', 'file'],
    ['Move', { source: 'tree', destination: 'tree/a/inside' }, 400, 'invalid_argument', 'tree'],
    ['ListDir', { path: 'missing' }, 404, 'not_found', 'missing'],
    ['ListDir', { path: 'file' }, 400, 'invalid_argument', 'not a directory'],
    ['Remove', { path: '/' }, 400, 'invalid_argument', 'root'],
    ['WatchDir', { path: 'tree' }, 415, '', ''],
    ['GetWatcherEvents', { watcherId: 'w0' }, 404, 'not_found', 'watcher with id w0 not found'],
    ['CreateWatcher', { path: 'missing' }, 404, 'not_found', 'missing'],
    ['CreateWatcher', { path: 'file' }, 400, 'invalid_argument', 'not a directory'],
  ])('%s refuses %j', async (method, body, status, code, text) => {
    const answer = await guest.fetch(`/filesystem.Filesystem/${method}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })
    expect(answer.status).toBe(status)
    if (code === '') return
    expect(await answer.json()).toEqual({ code, message: expect.stringContaining(text) })
    expect(await sh('ls tree/a; cat file')).toBe('x\n\n')
  })

  it('walk in order to the depth, 0 being 1, and follow a link only where it is asked for', async () => {
    const list = async (path: string, depth?: number): Promise<string[]> =>
      pathsOf((await call('ListDir', { path, depth })).body)
    const root = '/home/user/tree'
    const flat = ['a', 'b', 'c', 'link'].map((name) => `${root}/${name}`)
    expect(await list('tree')).toEqual(flat)
    expect(await list('tree', 0)).toEqual(flat)
    expect(await list('tree', 9)).toEqual(['a', 'a/x', 'b', 'b/deep', 'c', 'link'].map((name) => `${root}/${name}`))
    expect((await list('tree/link')).map((path) => path.split('/').at(-1))).toEqual(['deep'])
  })

  it('make parents of the calling user, replace a file, and forgive what is missing', async () => {
    expect((await call('MakeDir', { path: 'made/by/me' })).body).toMatchObject({
      entry: { path: '/home/user/made/by/me' },
    })
    await sh('echo new > made/new; echo old > made/old')
    expect((await call('Move', { source: 'made/new', destination: 'made/old' })).status).toBe(200)
    expect((await call('Move', { source: 'made/old', destination: 'to/a/place' })).status).toBe(200)
    expect(await sh('cat to/a/place; stat -c "%U %a" made/by to/a')).toBe('new\nuser 755\nuser 755\n')
    for (const path of ['made', 'made', 'never/was'])
      expect(await call('Remove', { path })).toEqual({ status: 200, body: {} })
    await sh('ln -s to linked')
    expect((await call('Remove', { path: 'linked' })).status).toBe(200)
    expect(await sh('ls to')).toBe('a\n')
  })

  it('act for the user of the Basic header: home, ~ and owner', async () => {
    for (const path of ['mine', '~/mine/too']) {
      expect((await call('MakeDir', { path }, asUser('root'))).body).toMatchObject({ entry: { owner: 'root' } })
    }
    expect((await call('Stat', { path: '/root/mine/too' })).status).toBe(200)
    expect(await call('Stat', { path: 'mine' }, asUser('ghost'))).toEqual({
      status: 401,
      body: { code: 'unauthenticated', message: "invalid username: 'ghost'" },
    })
  })
})

describe('a NUL byte in a path', () => {
  const nul = 'a\0b'
  const refused = { status: 400, body: { code: 'invalid_argument', message: expect.stringContaining('NUL byte') } }

  it.each(['Stat', 'MakeDir', 'ListDir', 'Remove', 'CreateWatcher'])('is refused by %s', async (method) => {
    expect(await call(method, { path: nul })).toEqual(refused)
  })

  it('is refused by Move, on either side', async () => {
    expect(await call('Move', { source: nul, destination: 'x' })).toEqual(refused)
    expect(await call('Move', { source: 'file', destination: nul })).toEqual(refused)
    expect(await sh('test -e file && echo there')).toBe('there\n')
  })

  it('is refused by WatchDir, and the stream says so in its last message', async () => {
    const messages = []
    for await (const message of guest.stream('filesystem.Filesystem/WatchDir', { path: nul })) messages.push(message)
    expect(messages).toEqual([{ error: refused.body }])
  })
})

describe('WatchDir', () => {
  it('says start first, pings in silence, and tells events by name of their type', async () => {
    await sh('mkdir -p watched')
    const leaving = new AbortController()
    const events = guest.stream(
      'filesystem.Filesystem/WatchDir',
      { path: 'watched', includeEntry: true },
      { headers: { 'Keepalive-Ping-Interval': '1' }, signal: leaving.signal },
    )
    expect((await events.next()).value).toEqual({ start: {} })
    expect((await events.next()).value).toEqual({ keepalive: {} })
    await sh('ln -s nothing watched/new')
    const heard: object[] = []
    while (!heard.some((message) => 'filesystem' in message)) heard.push((await events.next()).value as object)
    expect(heard.at(-1)).toMatchObject({
      filesystem: { name: 'new', type: 'EVENT_TYPE_CREATE', entry: { path: '/home/user/watched/new' } },
    })
    leaving.abort()
  })
})
