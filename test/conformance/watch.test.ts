import { FileNotFoundError, FilesystemEventType, Sandbox, type FilesystemEvent } from 'e2b'
import { Sandbox as NovitaSandbox } from 'novita-sandbox'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { raw } from './support/raw-files.ts'

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

const brief = (events: readonly { type: string; name: string }[]): string[] =>
  events.map(({ type, name }) => `${type} ${name}`)
const { CREATE, WRITE, REMOVE, RENAME, CHMOD } = FilesystemEventType

describe('watchDir()', () => {
  it('tells what programs and the API do, by names relative to the directory', async () => {
    await sandbox.files.makeDir('w1')
    const events: FilesystemEvent[] = []
    const handle = await sandbox.files.watchDir('w1', (event) => void events.push(event))
    await sandbox.commands.run('cd w1; echo 1 > a; chmod 600 a; mv a b; rm b; mkdir d')
    await expect
      .poll(() => brief(events), { timeout: 20_000 })
      .toEqual([`${CREATE} a`, `${WRITE} a`, `${CHMOD} a`, `${RENAME} a`, `${CREATE} b`, `${REMOVE} b`, `${CREATE} d`])
    await sandbox.files.write('w1/api', 'x')
    await expect.poll(() => brief(events), { timeout: 20_000 }).toContain(`${WRITE} api`)
    await handle.stop()
  })

  it('follows a tree, with entries, on disk and in memory', async () => {
    for (const root of ['/home/user/w2', '/tmp/w2']) {
      await sandbox.files.makeDir(`${root}/sub`)
      const events: FilesystemEvent[] = []
      const options = { recursive: true, includeEntry: true }
      const handle = await sandbox.files.watchDir(root, (event) => void events.push(event), options)
      await sandbox.files.makeDir(`${root}/new/deep`)
      await expect.poll(() => brief(events), { timeout: 20_000 }).toContain(`${CREATE} new/deep`)
      await sandbox.files.write(`${root}/new/deep/f`, '12345')
      await expect.poll(() => brief(events), { timeout: 20_000 }).toContain(`${WRITE} new/deep/f`)
      expect(events.findLast(({ type }) => type === WRITE)?.entry).toMatchObject({
        path: `${root}/new/deep/f`,
        size: 5,
      })
      await handle.stop()
    }
  })

  it('refuses what is no directory', async () => {
    await expect(sandbox.files.watchDir('missing', () => {})).rejects.toThrow(FileNotFoundError)
    await sandbox.files.write('file', '')
    await expect(sandbox.files.watchDir('file', () => {})).rejects.toThrow('not a directory')
  })

  it('ends at a pause with the exit callback, and a new one works after the wake', async () => {
    await sandbox.files.makeDir('w3')
    const hasExited = Promise.withResolvers<void>()
    await sandbox.files.watchDir('w3', () => {}, { timeoutMs: 0, onExit: () => hasExited.resolve() })
    await sandbox.pause()
    await hasExited.promise
    await sandbox.connect()
    const events: FilesystemEvent[] = []
    const handle = await sandbox.files.watchDir('w3', (event) => void events.push(event))
    await sandbox.files.write('w3/x', '')
    await expect.poll(() => brief(events), { timeout: 20_000 }).toContain(`${CREATE} x`)
    await handle.stop()
  })

  it('works through novita-sandbox', async () => {
    await novita.files.makeDir('w1/sub')
    const events: { type: string; name: string }[] = []
    const handle = await novita.files.watchDir('w1', (event) => void events.push(event), { recursive: true })
    await novita.files.write('w1/sub/a', 'x')
    await expect.poll(() => brief(events), { timeout: 20_000 }).toContain('write sub/a')
    await handle.stop()
  })
})

describe('polled watchers', () => {
  it('collect events, also across a pause', async () => {
    await sandbox.files.makeDir('w4')
    const call = async (method: string, body: object): Promise<Record<string, unknown>> =>
      (await raw(sandbox, `filesystem.Filesystem/${method}`, body)).body as never
    const { watcherId } = await call('CreateWatcher', { path: 'w4', recursive: true })
    const seen: unknown[] = []
    const poll = async (): Promise<unknown[]> => {
      seen.push(...(((await call('GetWatcherEvents', { watcherId }))['events'] as unknown[] | undefined) ?? []))
      return seen
    }
    await sandbox.files.write('w4/a', '1')
    await expect.poll(poll, { timeout: 20_000 }).toContainEqual({ name: 'a', type: 'EVENT_TYPE_WRITE' })
    await sandbox.pause()
    await sandbox.connect()
    await sandbox.files.write('w4/b', '1')
    await expect.poll(poll, { timeout: 20_000 }).toContainEqual({ name: 'b', type: 'EVENT_TYPE_WRITE' })
    expect(await call('RemoveWatcher', { watcherId })).toEqual({})
    expect(await call('RemoveWatcher', { watcherId })).toMatchObject({ code: 'not_found' })
  })
})
