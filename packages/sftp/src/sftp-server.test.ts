import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, lstat, mkdir, mkdtemp, readFile, readlink, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bundleSftpServer } from './bundle.ts'

const run = promisify(execFile)

let folder: string
let server: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drowse-sftp-'))
  server = join(folder, 'sftp.mjs')
  await bundleSftpServer(server)
  await mkdir(join(folder, 'local'))
  await mkdir(join(folder, 'remote'))
})
afterAll(async () => await rm(folder, { recursive: true }))

const local = (name: string): string => join(folder, 'local', name)
const remote = (name: string): string => join(folder, 'remote', name)

/** Runs lines in OpenSSH's own sftp, which starts the server itself; ends at the first that fails. Gives its output. */
async function sftp(...lines: string[]): Promise<string> {
  const commands = join(folder, 'commands')
  await writeFile(commands, [`cd ${join(folder, 'remote')}`, `lcd ${join(folder, 'local')}`, ...lines, ''].join('\n'))
  const { stdout } = await run('sftp', ['-q', '-b', commands, '-D', `${process.execPath} ${server}`])
  return stdout
}

describe('the server of files, through sftp', () => {
  it('takes and gives files as they are, with mode and time', async () => {
    const bytes = randomBytes(10_000_000)
    await writeFile(local('big'), bytes)
    await chmod(local('big'), 0o751)
    await utimes(local('big'), 1_000_000_000, 1_000_000_000)
    await sftp('put -p big', 'get -p big back')
    for (const path of [remote('big'), local('back')]) {
      expect((await readFile(path)).equals(bytes)).toBe(true)
      expect(await stat(path)).toMatchObject({ mode: 0o100751, mtimeMs: 1_000_000_000_000 })
    }
    await writeFile(local('big'), 'short')
    await sftp('put big')
    expect(await readFile(remote('big'), 'utf8')).toBe('short')
  })

  it('goes on with a file that is half there', async () => {
    const bytes = randomBytes(3_000_000)
    await writeFile(local('half'), bytes)
    await writeFile(remote('half'), bytes.subarray(0, 1_234_567))
    await sftp('reput half')
    expect((await readFile(remote('half'))).equals(bytes)).toBe(true)
  })

  it('makes, lists, renames, links and removes', async () => {
    await mkdir(local('tree/below'), { recursive: true })
    await writeFile(local('tree/below/ü file'), 'x')
    await sftp('put -r tree', 'symlink tree/below link', 'rename tree/below/ü\\ file tree/y')
    expect(await readFile(remote('tree/y'), 'utf8')).toBe('x')
    expect(await readlink(remote('link'))).toBe('tree/below')
    expect((await lstat(remote('link'))).isSymbolicLink()).toBe(true)
    expect(await sftp('ls -l tree', 'pwd')).toMatch(/drwxr-xr-x.*below[^]*-rw-r--r--.*y[^]*remote/)
    await sftp('chmod 600 tree/y')
    expect((await stat(remote('tree/y'))).mode & 0o777).toBe(0o600)
    await sftp('rm link', 'rm tree/y', 'rmdir tree/below', 'rmdir tree')
    await expect(stat(remote('tree'))).rejects.toThrow(/ENOENT/)
  })

  it('lists more names than fit an answer', async () => {
    await mkdir(remote('many'))
    await Promise.all(Array.from({ length: 250 }, async (_, i) => await writeFile(remote(`many/${i}`), '')))
    expect((await sftp('ls -1 many')).match(/many\/\d+/g)).toHaveLength(250)
  })

  it.each([
    ['get missing', /not found|No such file/],
    ['put big many', /many/],
    ['mkdir many', /Failure|exists/],
    ['rmdir many', /Failure|not empty/],
    ['rename many/1 many/2', /Failure|exists/],
    ['put big /proc/nowhere', /Permission denied|No such file|open/],
  ])('refuses "%s" and says so', async (line, words) => {
    await writeFile(remote('many2'), '')
    const failure: unknown = await sftp(line).then(
      () => line.startsWith('put big many') && 'put it into the folder: many',
      (error: { stderr: string }) => error.stderr,
    )
    expect(String(failure)).toMatch(words)
  })

  it('ends on bytes that are none of the protocol, and at the end of its input', async () => {
    for (const [input, status] of [
      [Buffer.alloc(100_000, 0xff), 1],
      [Buffer.from('0000000509000000ff', 'hex'), 1],
      [Buffer.alloc(0), 0],
    ] as const) {
      const child = spawn(process.execPath, [server], { stdio: ['pipe', 'ignore', 'inherit'] })
      child.stdin.on('error', () => {})
      child.stdin.end(input)
      expect(await once(child, 'exit')).toEqual([status, null])
    }
  })
})
