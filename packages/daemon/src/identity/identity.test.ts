import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EnvdInit } from '@drowse/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseInit } from './parse-init.ts'
import { writeIdentity } from './write-identity.ts'

const init: EnvdInit = {
  timestamp: '2026-11-24T00:00:00Z',
  envVars: { A: '1' },
  hostname: 'ibox',
  nameservers: ['10.0.0.1', '10.0.0.2'],
  identity: 'fresh',
}

describe('parseInit()', () => {
  it('takes a body as it is, without unknown keys', () => {
    expect(parseInit({ ...init, accessToken: 't', other: 1 })).toEqual({ ...init, accessToken: 't' })
  })

  it.each([
    [[], 'body'],
    [null, 'body'],
    [{ ...init, envVars: { A: 1 } }, 'envVars'],
    [{ ...init, nameservers: 'x' }, 'nameservers'],
    [{ ...init, identity: 'new' }, 'identity'],
    [{ ...init, accessToken: 5 }, 'accessToken'],
  ])('names what is wrong in %j', (body, key) => {
    expect(() => parseInit(body)).toThrow(`"${key}"`)
  })
})

describe('writeIdentity()', () => {
  let root: string
  const log: string[] = []
  const write = (change: Partial<EnvdInit> = {}): void =>
    writeIdentity(root, { ...init, ...change }, (message) => log.push(message))
  const read = (name: string): Promise<string> => readFile(join(root, 'etc', name), 'utf8')

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'drowse-identity-'))
    await mkdir(join(root, 'etc'))
  })
  afterEach(() => rm(root, { recursive: true }))

  it('writes name, hosts, resolver and machine id', async () => {
    write()
    expect(await read('hostname')).toBe('ibox\n')
    expect(await read('resolv.conf')).toBe('nameserver 10.0.0.1\nnameserver 10.0.0.2\n')
    expect(await read('hosts')).toContain('127.0.0.1 localhost\n')
    expect(await read('hosts')).toContain('127.0.1.1 ibox # drowse\n')
    expect(await read('machine-id')).toMatch(/^[0-9a-f]{32}\n$/)
  })

  it('gives a new machine id to a fresh identity only', async () => {
    write()
    const first = await read('machine-id')
    write({ identity: 'kept' })
    expect(await read('machine-id')).toBe(first)
    write()
    expect(await read('machine-id')).not.toBe(first)
  })

  it('keeps hosts lines of others and replaces its own', async () => {
    await writeFile(join(root, 'etc/hosts'), '127.0.0.1 localhost mine\n10.1.1.1 db\n')
    write()
    write({ hostname: 'other' })
    expect(await read('hosts')).toBe('127.0.0.1 localhost mine\n10.1.1.1 db\n127.0.1.1 other # drowse\n')
  })

  it('replaces a resolver file that links nowhere', async () => {
    await symlink('../run/systemd/stub', join(root, 'etc/resolv.conf'))
    write()
    expect(await read('resolv.conf')).toContain('10.0.0.1')
  })

  it('logs what it cannot write and goes on', async () => {
    await mkdir(join(root, 'etc/hostname'))
    write()
    expect(log).toEqual([`Cannot write "${join(root, 'etc/hostname')}"`])
    expect(await read('machine-id')).toHaveLength(33)
  })
})
