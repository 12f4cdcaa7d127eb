import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { UserDatabase } from '../../users/user-database.ts'
import { FileCalls } from '../native/file-calls.ts'
import { WatcherTable } from './watcher-table.ts'

it('WatcherTable keeps 256 polled watchers, those that were asked last', async () => {
  const path = await mkdtemp(join(tmpdir(), 'drowse-watchers-'))
  using watchers = new WatcherTable({ users: new UserDatabase(path), calls: new FileCalls() })
  try {
    const request = { path, recursive: false, includeEntry: false, allowNetworkMounts: false }
    const create = (): Promise<string> => watchers.create(request)
    const first = await create()
    const second = await create()
    for (let i = 2; i < 256; i++) await create()
    expect(watchers.get(first).queue.take()).toEqual([])
    await create()
    expect(() => watchers.get(second)).toThrow(`watcher with id ${second} not found`)
    watchers.remove(first)
    expect(() => watchers.remove(first)).toThrow('not found')
  } finally {
    await rm(path, { recursive: true })
  }
})
