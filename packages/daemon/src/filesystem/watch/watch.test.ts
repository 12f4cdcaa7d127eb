import { appendFile, chmod, mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { FilesystemEventType, FileNotFoundError, InvalidArgumentError, Sandbox, type FilesystemEvent } from 'e2b'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { stream, unary } from '../../testing/rpc-call.ts'
import { startTestApi, startTestGuest, type TestApi, type TestGuest } from '../../testing/test-guest.ts'

const { CREATE, WRITE, REMOVE, RENAME, CHMOD } = FilesystemEventType

let guest: TestGuest
let api: TestApi
let sandbox: Sandbox
let directory: string
let count = 0

beforeAll(async () => {
  guest = await startTestGuest()
  api = await startTestApi()
  sandbox = await Sandbox.create({ apiKey: 'e2b_00', apiUrl: api.url, sandboxUrl: guest.url })
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
  await guest[Symbol.asyncDispose]()
})
beforeEach(async () => {
  directory = join(guest.home, `watched-${count++}`)
  await mkdir(join(directory, 'sub'), { recursive: true })
})

/** Watches, lets `act` happen and gives the events up to the creation of a last file. */
async function eventsOf(
  act: () => Promise<unknown>,
  options: { recursive?: boolean; includeEntry?: boolean } = {},
): Promise<FilesystemEvent[]> {
  const events: FilesystemEvent[] = []
  const isOver = Promise.withResolvers<void>()
  const handle = await sandbox.files.watchDir(
    directory,
    (event) => {
      if (event.name === 'last') isOver.resolve()
      else events.push(event)
    },
    options,
  )
  await act()
  await mkdir(join(directory, 'last'))
  await isOver.promise
  await handle.stop()
  return events
}

const brief = (events: readonly FilesystemEvent[]): string[] => events.map(({ type, name }) => `${type} ${name}`)
const path = (name: string): string => join(directory, name)

describe('WatchDir', () => {
  it('tells what happens to entries, with names relative to the directory', async () => {
    const events = await eventsOf(async () => {
      await writeFile(path('a'), '1')
      await chmod(path('a'), 0o600)
      await rename(path('a'), path('b'))
      await rm(path('b'))
      await mkdir(path('d'))
      await writeFile(path('sub/unseen'), '')
    })
    expect(brief(events)).toEqual([
      `${CREATE} a`,
      `${WRITE} a`,
      `${CHMOD} a`,
      `${RENAME} a`,
      `${CREATE} b`,
      `${REMOVE} b`,
      `${CREATE} d`,
    ])
    expect(events.every(({ entry }) => entry === undefined)).toBe(true)
  })

  it('follows a tree, also directories that are made, moved in and moved about', async () => {
    await mkdir(join(guest.home, `outside-${count}/deep`), { recursive: true })
    const events = await eventsOf(
      async () => {
        await writeFile(path('sub/x'), '1')
        await mkdir(path('new'))
        await vi.waitFor(async () => appendFile(path('new/y'), '1'))
        await rename(join(guest.home, `outside-${count}`), path('moved'))
        await settled()
        await rename(path('moved/deep'), path('deeper'))
        await settled()
        await writeFile(path('deeper/z'), '1')
        await rm(path('sub'), { recursive: true })
      },
      { recursive: true },
    )
    const told = brief(events)
    for (const line of [
      `${CREATE} sub/x`,
      `${WRITE} sub/x`,
      `${CREATE} new`,
      `${CREATE} new/y`,
      `${CREATE} moved`,
      `${CREATE} moved/deep`,
      `${RENAME} moved/deep`,
      `${CREATE} deeper`,
      `${CREATE} deeper/z`,
      `${WRITE} deeper/z`,
      `${REMOVE} sub/x`,
      `${REMOVE} sub`,
    ]) {
      expect(told).toContain(line)
    }
    expect(told.filter((line) => line === `${REMOVE} sub`)).toHaveLength(1)
  })

  it('describes entries on request, except those that are gone', async () => {
    await writeFile(path('old'), '')
    const events = await eventsOf(
      async () => {
        await writeFile(path('a'), '12345')
        await settled()
        await rm(path('old'))
      },
      { includeEntry: true },
    )
    expect(events.find(({ type, name }) => type === WRITE && name === 'a')?.entry).toMatchObject({
      name: 'a',
      path: path('a'),
      size: 5,
    })
    expect(events.find(({ type }) => type === REMOVE)?.entry).toBeUndefined()
  })

  it('refuses what is no directory', async () => {
    await expect(sandbox.files.watchDir('missing', () => {})).rejects.toThrow(FileNotFoundError)
    await writeFile(path('a'), '')
    await expect(sandbox.files.watchDir(path('a'), () => {})).rejects.toThrow(InvalidArgumentError)
  })

  it('ends at a wake, when its client is gone', async () => {
    const messages = stream(guest.url, 'filesystem.Filesystem/WatchDir', { path: directory })
    expect(await messages.next()).toMatchObject({ value: { start: {} } })
    await guest.init()
    expect(await messages.next()).toMatchObject({ value: { error: { code: 'unavailable' } } })
  })

  it('pings in silence', async () => {
    const headers = { 'Keepalive-Ping-Interval': '0.05' }
    const messages = stream(guest.url, 'filesystem.Filesystem/WatchDir', { path: directory }, { headers })
    await messages.next()
    expect(await messages.next()).toMatchObject({ value: { keepalive: {} } })
    await messages.return(undefined)
  })
})

describe('CreateWatcher, GetWatcherEvents, RemoveWatcher', () => {
  const call = async (method: string, body: object): Promise<Record<string, unknown>> =>
    (await unary(guest.url, `filesystem.Filesystem/${method}`, body)).body

  it('collect events between the calls, also across a wake', async () => {
    const { watcherId } = await call('CreateWatcher', { path: directory, recursive: true })
    expect(await call('GetWatcherEvents', { watcherId })).toEqual({})
    await writeFile(path('sub/a'), '1')
    await guest.init()
    const names: unknown[] = []
    await vi.waitFor(async () => {
      const { events = [] } = (await call('GetWatcherEvents', { watcherId })) as { events?: object[] }
      names.push(...events)
      expect(names).toEqual([
        { name: 'sub/a', type: 'EVENT_TYPE_CREATE' },
        { name: 'sub/a', type: 'EVENT_TYPE_WRITE' },
      ])
    })
    expect(await call('RemoveWatcher', { watcherId })).toEqual({})
    expect(await call('GetWatcherEvents', { watcherId })).toEqual({
      code: 'not_found',
      message: `watcher with id ${String(watcherId)} not found`,
    })
  })

  it('share one thread with every other watch, and each gets its own events', async () => {
    const ids = await Promise.all(
      Array.from({ length: 12 }, async () => (await call('CreateWatcher', { path: directory }))['watcherId']),
    )
    await utimes(directory, 1, 1)
    await writeFile(path('a'), '')
    for (const watcherId of ids) {
      await vi.waitFor(async () => {
        const { events } = (await call('GetWatcherEvents', { watcherId })) as { events?: { name: string }[] }
        expect(events?.map(({ name }) => name)).toContain('a')
      })
    }
    for (const watcherId of ids) await call('RemoveWatcher', { watcherId })
  })
})

/** Resolves once the daemon has had the events of all that happened before. */
async function settled(): Promise<void> {
  const events: string[] = []
  const name = `settled-${Math.random()}`
  const probe = join(guest.home, `probe-${count}`)
  await mkdir(probe, { recursive: true })
  const handle = await sandbox.files.watchDir(probe, (event) => void events.push(event.name))
  await writeFile(join(probe, name), '')
  await vi.waitFor(() => expect(events).toContain(name))
  await handle.stop()
}
