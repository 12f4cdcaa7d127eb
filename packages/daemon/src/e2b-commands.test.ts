import { readFileSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { CommandExitError, InvalidArgumentError, Sandbox, TimeoutError } from 'e2b'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { startTestApi, startTestGuest, type TestApi, type TestGuest } from './testing/test-guest.ts'

let guest: TestGuest
let api: TestApi
let sandbox: Sandbox

beforeAll(async () => {
  guest = await startTestGuest()
  api = await startTestApi('token-1')
  await guest.init({ accessToken: 'token-1', envVars: { FROM_INIT: 'init', BOTH: 'init' } })
  sandbox = await Sandbox.create({ apiKey: 'e2b_00', apiUrl: api.url, sandboxUrl: guest.url })
})

afterAll(async () => {
  await api[Symbol.asyncDispose]()
  await guest[Symbol.asyncDispose]()
})

describe('e2b commands.run()', () => {
  it('gives output, error output and exit code', async () => {
    expect(await sandbox.commands.run('echo out; echo err >&2')).toMatchObject({
      exitCode: 0,
      stdout: 'out\n',
      stderr: 'err\n',
    })
    const failure = await sandbox.commands.run('echo no >&2; exit 7').catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(CommandExitError)
    expect(failure).toMatchObject({ exitCode: 7, stderr: 'no\n', error: 'exit status 7' })
  })

  it('sets the environment of a login, of init and of the call', async () => {
    const { stdout } = await sandbox.commands.run(
      'echo $HOME $USER $LOGNAME $FROM_INIT $BOTH $CALL "[$LD_LIBRARY_PATH]"',
      {
        envs: { BOTH: 'call', CALL: 'x y' },
      },
    )
    expect(stdout).toBe(`${guest.home} user user init call x y []\n`)
  })

  it('starts in the home or in cwd, and says when cwd is missing', async () => {
    expect((await sandbox.commands.run('pwd')).stdout).toBe(`${guest.home}\n`)
    expect((await sandbox.commands.run('pwd', { cwd: '/usr' })).stdout).toBe('/usr\n')
    await expect(sandbox.commands.run('pwd', { cwd: '/nowhere' })).rejects.toThrow(
      new InvalidArgumentError("[invalid_argument] cwd '/nowhere' does not exist"),
    )
  })

  it('keeps bytes whole when characters are split between chunks', async () => {
    const { stdout } = await sandbox.commands.run(`for i in $(seq 20000); do printf 'äöü€😀'; done`)
    expect(stdout).toBe('äöü€😀'.repeat(20_000))
  })

  it('passes on large output', async () => {
    const { stdout } = await sandbox.commands.run('head -c 5000000 /dev/zero | tr "\\0" x')
    expect(stdout.length).toBe(5_000_000)
  })

  it('lets a command open its own stdio by name', async () => {
    const result = await sandbox.commands.run('echo a > /dev/stdout; echo b > /dev/stderr; cat /dev/stdin; [ ! -t 0 ]')
    expect(result).toMatchObject({ stdout: 'a\n', stderr: 'b\n' })
  })

  it('ends when the command does, and leaves its background children alive', async () => {
    const { stdout } = await sandbox.commands.run('sleep 300 & echo $!')
    const pid = Number(stdout)
    expect(process.kill(pid, 0)).toBe(true)
    process.kill(pid, 'SIGKILL')
  })

  it('ends with a TimeoutError at the time limit, and kills the whole group', async () => {
    const limited = sandbox.commands.run(`bash -c 'echo $$ > pid; sleep 300; true'; true`, { timeoutMs: 1_000 })
    await expect(limited).rejects.toThrow(TimeoutError)
    const pid = Number(await readFile(join(guest.home, 'pid'), 'utf8'))
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false))
  })
})

describe('e2b background commands', () => {
  it('are listed, connected to, fed and closed', async () => {
    const handle = await sandbox.commands.run('cat', { background: true, stdin: true })
    expect(await sandbox.commands.list()).toMatchObject([
      { pid: handle.pid, cmd: '/bin/bash', args: ['-l', '-c', 'cat'] },
    ])
    const second = await sandbox.commands.connect(handle.pid)
    await handle.sendStdin('one\n')
    await sandbox.commands.sendStdin(handle.pid, 'two\n')
    await handle.closeStdin()
    expect((await handle.wait()).stdout).toBe('one\ntwo\n')
    expect((await second.wait()).stdout).toBe('one\ntwo\n')
    expect(await sandbox.commands.list()).toEqual([])
  })

  it('read stdin by name even after it was closed', async () => {
    const handle = await sandbox.commands.run('sleep 0.2; cat /dev/stdin', { background: true, stdin: true })
    await handle.sendStdin('late')
    await handle.closeStdin()
    expect((await handle.wait()).stdout).toBe('late')
  })

  it('are killed with all they started', async () => {
    const handle = await sandbox.commands.run('sleep 300; echo never', { background: true })
    expect(await handle.kill()).toBe(true)
    await expect(handle.wait()).rejects.toMatchObject({ exitCode: -1, error: 'signal: killed' })
    expect(await handle.kill()).toBe(false)
  })

  it('go on when the client disconnects, and are found by a later connect', async () => {
    const handle = await sandbox.commands.run('read line; echo got $line', { background: true, stdin: true })
    await handle.disconnect()
    const again = await sandbox.commands.connect(handle.pid)
    await again.sendStdin('it\n')
    expect((await again.wait()).stdout).toBe('got it\n')
    const late = await sandbox.commands.connect(handle.pid)
    expect(await late.wait()).toMatchObject({ exitCode: 0, stdout: '' })
  })
})

describe('e2b users', () => {
  it('choose who runs a command; unknown ones are refused', async () => {
    expect((await sandbox.commands.run('echo $USER $HOME', { user: 'root' })).stdout).toBe(`root ${guest.root}\n`)
    expect((await sandbox.commands.run('pwd', { user: 'homeless' })).stdout).toBe('/\n')
    await expect(sandbox.commands.run('true', { user: 'ghost' })).rejects.toThrow("invalid username: 'ghost'")
  })

  it.runIf(process.getuid?.() === 0)('get their own ids and all their groups', async () => {
    expect((await sandbox.commands.run('id -u; id -g; id -G')).stdout).toBe('65534\n65534\n65534 27\n')
    expect((await sandbox.commands.run('id -u; id -G; echo x > /dev/stderr', { user: 'grouped' })).stdout).toBe(
      '65534\n65534 27 4321\n',
    )
    await sandbox.files.write('owned', 'x', { user: 'root' })
    expect((await stat(join(guest.root, 'owned'))).uid).toBe(0)
  })
})

describe('the daemon', () => {
  it('has logged nothing of all this', () => {
    expect(guest.log).toEqual([])
  })
})

/** Whether a process runs; one that has ended and that its parent has not yet taken note of does not. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
