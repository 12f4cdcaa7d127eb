import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { authorityEnv, trustAuthority } from './trust-authority.ts'

const BUNDLE = 'etc/ssl/certs/ca-certificates.crt'
const OWN = 'usr/local/share/ca-certificates/drowse-egress.crt'
let root: string
const log: string[] = []
const trust = (authority: string | undefined): void => trustAuthority(root, authority, (message) => log.push(message))
const read = async (path: string): Promise<string> => await readFile(join(root, path), 'utf8')

beforeEach(async () => {
  log.length = 0
  root = await mkdtemp(join(tmpdir(), 'drowse-trust-'))
})
afterEach(async () => await rm(root, { recursive: true }))

it('trustAuthority() adds an authority to those of the system once, replaces it, and takes it away again', async () => {
  await mkdir(join(root, 'etc/ssl/certs'), { recursive: true })
  await writeFile(join(root, BUNDLE), 'theirs\n')
  trust('first\n')
  trust('first\n')
  expect(await read(BUNDLE)).toBe('theirs\nfirst\n')
  expect(await read(OWN)).toBe('first\n')
  trust('second\n')
  expect(await read(BUNDLE)).toBe('theirs\nsecond\n')
  trust(undefined)
  expect(await read(BUNDLE)).toBe('theirs\n')
  expect(existsSync(join(root, OWN))).toBe(false)
  trust(undefined)
  expect(log).toEqual([])
})

it('trustAuthority() makes a list where the system has none, and points programs to it', async () => {
  trust('only\n')
  expect(await read(BUNDLE)).toBe('only\n')
  expect(authorityEnv(root)).toMatchObject({ NODE_EXTRA_CA_CERTS: `/${OWN}`, SSL_CERT_FILE: `/${BUNDLE}` })
})

it('trustAuthority() logs what it cannot write', async () => {
  await writeFile(join(root, 'etc'), 'a file')
  trust('one\n')
  expect(log).toHaveLength(1)
})
