import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { move } from './move.ts'

const user = { name: 'me', uid: process.getuid!(), gid: process.getgid!(), home: '/', groups: [] }
const isApart = existsSync('/dev/shm') && statSync('/dev/shm').dev !== statSync(tmpdir()).dev
let here: string
let there: string
beforeEach(() => {
  here = mkdtempSync(join(tmpdir(), 'drowse-move-'))
  there = mkdtempSync(join(isApart ? '/dev/shm' : tmpdir(), 'drowse-move-'))
})
afterEach(() => {
  for (const folder of [here, there]) rmSync(folder, { recursive: true })
})

describe('move()', () => {
  it.runIf(isApart)('takes a tree to another file system with its links, modes and times', async () => {
    mkdirSync(join(here, 'tree/sub'), { recursive: true })
    writeFileSync(join(here, 'tree/sub/run'), 'x', { mode: 0o750 })
    symlinkSync('sub/run', join(here, 'tree/link'))
    utimesSync(join(here, 'tree/sub/run'), 1_000, 1_000)
    await move(join(here, 'tree'), join(there, 'new/place'), user)
    expect(existsSync(join(here, 'tree'))).toBe(false)
    expect(readFileSync(join(there, 'new/place/sub/run'), 'utf8')).toBe('x')
    expect(statSync(join(there, 'new/place/sub/run'))).toMatchObject({ mode: 0o100750, mtimeMs: 1_000_000 })
    expect(readlinkSync(join(there, 'new/place/link'))).toBe('sub/run')
  })

  it('replaces a file that is in the way', async () => {
    writeFileSync(join(here, 'a'), 'new')
    writeFileSync(join(here, 'b'), 'old')
    await move(join(here, 'a'), join(here, 'b'), user)
    expect(readFileSync(join(here, 'b'), 'utf8')).toBe('new')
  })
})
