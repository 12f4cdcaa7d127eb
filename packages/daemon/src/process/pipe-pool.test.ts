import { closeSync, mkdtempSync, readdirSync, readSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PipePool } from './pipe-pool.ts'

let parent: string
let log: string[]
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'drowse-pool-'))
  log = []
})
afterEach(() => rmSync(parent, { recursive: true }))

describe('PipePool', () => {
  it('gives pipes that carry bytes and have no name left', async () => {
    using pool = new PipePool([parent], (message) => log.push(message))
    const pipe = await pool.takeOutput()
    writeSync(pipe!.write, 'x')
    const buffer = Buffer.alloc(4)
    expect(readSync(pipe!.read, buffer)).toBe(1)
    closeSync(pipe!.write)
    expect(readSync(pipe!.read, buffer)).toBe(0)
    closeSync(pipe!.read)
    const [directory] = readdirSync(parent)
    expect(readdirSync(join(parent, directory!))).toHaveLength(95)
  })

  it('makes more than one batch, none twice', async () => {
    using pool = new PipePool([parent], (message) => log.push(message))
    for (let count = 0; count < 250; count++) {
      const pipe = await pool.takeOutput()
      closeSync(pipe!.write)
      closeSync(pipe!.read)
    }
    expect(log).toEqual([])
  })

  it('makes a new folder when somebody removed it', async () => {
    using pool = new PipePool([parent], (message) => log.push(message))
    await pool.prepare()
    for (const name of readdirSync(parent)) rmSync(join(parent, name), { recursive: true })
    const pipe = await pool.takeInput()
    expect(pipe).toBeDefined()
    closeSync(pipe!.write)
    closeSync(pipe!.read)
  })

  it('gives nothing where it cannot make pipes', async () => {
    using pool = new PipePool([join(parent, 'missing')], (message) => log.push(message))
    expect(await pool.takeOutput()).toBeUndefined()
    expect(log).toHaveLength(1)
  })

  it('removes its folder when disposed', async () => {
    const pool = new PipePool([parent], (message) => log.push(message))
    await pool.prepare()
    pool[Symbol.dispose]()
    expect(readdirSync(parent)).toEqual([])
  })
})
