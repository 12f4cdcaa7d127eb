import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { FileCalls } from '../native/file-calls.ts'
import { Inotify, type InotifySink } from './inotify.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'drowse-inotify-'))
})
afterAll(async () => {
  await rm(root, { recursive: true })
})

/** Makes a directory and watches it; gives the names of the events and the sink. */
async function watchNew(inotify: Inotify, name: string, onEvent: () => void = () => undefined) {
  await mkdir(join(root, name))
  const names: string[] = []
  const sink: InotifySink = {
    onEvent: (event) => {
      names.push(event.name)
      onEvent()
    },
    onOverflow: () => expect.unreachable(),
  }
  return { names, sink, watch: inotify.add(join(root, name), sink) }
}

async function expectWatches(inotify: Inotify, name: string): Promise<void> {
  const { names, sink, watch } = await watchNew(inotify, name)
  await writeFile(join(root, name, 'file'), '')
  await vi.waitFor(() => expect(names).toContain('file'))
  inotify.remove(watch, sink)
}

it('watches anew after its only directory is gone', async () => {
  const inotify = new Inotify(new FileCalls())
  const gone = await watchNew(inotify, 'gone')
  await rm(join(root, 'gone'), { recursive: true })
  await vi.waitFor(() => expect(gone.names).toHaveLength(2))
  await expectWatches(inotify, 'next')
})

it('watches anew after its only watch was ended as it was told of an event', async () => {
  const inotify = new Inotify(new FileCalls())
  const ended = await watchNew(inotify, 'ended', () => inotify.remove(ended.watch, ended.sink))
  await writeFile(join(root, 'ended/file'), '')
  await vi.waitFor(() => expect(ended.names).toHaveLength(1))
  await expectWatches(inotify, 'another')
})
