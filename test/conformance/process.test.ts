import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sandbox } from 'e2b'
import { CLIENTS } from '../platform/support/clients.ts'
import { until } from '../platform/support/sandboxes.ts'

describe.each(CLIENTS)('processes through $name', ({ Sandbox }) => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await Sandbox.create({ timeoutMs: 600_000, envs: { FROM_CREATE: 'create', BOTH: 'create' } })
  })
  afterAll(() => sandbox.kill())

  it('a command gives output, error output and exit code', async () => {
    expect(await sandbox.commands.run('echo out; echo err >&2')).toMatchObject({
      exitCode: 0,
      stdout: 'out\n',
      stderr: 'err\n',
    })
    await expect(sandbox.commands.run('echo no >&2; exit 7')).rejects.toMatchObject({
      exitCode: 7,
      stderr: 'no\n',
      error: 'exit status 7',
    })
  })

  it('it has the environment of a login, of the sandbox and of the call, the last winning', async () => {
    const { stdout } = await sandbox.commands.run(
      'echo $HOME $USER $LOGNAME $FROM_CREATE $BOTH $CALL "[$LD_LIBRARY_PATH]"; which python3 git sudo',
      { envs: { BOTH: 'call', CALL: 'x y' } },
    )
    expect(stdout).toBe('/home/user user user create call x y []\n/usr/bin/python3\n/usr/bin/git\n/usr/bin/sudo\n')
  })

  it('it starts in the home or in cwd; a missing cwd is named', async () => {
    expect((await sandbox.commands.run('pwd')).stdout).toBe('/home/user\n')
    expect((await sandbox.commands.run('pwd', { cwd: '/usr' })).stdout).toBe('/usr\n')
    await expect(sandbox.commands.run('pwd', { cwd: '/nowhere' })).rejects.toThrow("cwd '/nowhere' does not exist")
  })

  it.each([
    ['user', 'user 1000 1000 1000 27'],
    ['root', 'root 0 0 0'],
    ['games', 'games 5 60 60'],
  ])("it runs as %s with that user's ids and groups", async (user, expected) => {
    const { stdout } = await sandbox.commands.run('echo $USER $(id -u) $(id -g) $(id -G)', { user })
    expect(stdout.trim()).toBe(expected)
  })

  it('an unknown user is refused', async () => {
    await expect(sandbox.commands.run('true', { user: 'ghost' })).rejects.toThrow("invalid username: 'ghost'")
  })

  it('a user is kept from the files of others, sudo opens them', async () => {
    await expect(sandbox.commands.run('cat /etc/shadow')).rejects.toMatchObject({ exitCode: 1 })
    expect((await sandbox.commands.run('sudo head -c 4 /etc/shadow; sudo id -u')).stdout).toBe('root0\n')
  })

  it('git works', async () => {
    const { stdout } = await sandbox.commands.run(
      'rm -rf repo copy && git init -q repo && cd repo && git -c user.name=a -c user.email=a@b commit -q --allow-empty -m one && cd .. && git clone -q repo copy && git -C copy log --format=%s',
    )
    expect(stdout).toBe('one\n')
  })

  it('stdio can be opened by name, and is no socket', async () => {
    const { stdout, stderr } = await sandbox.commands.run(
      'echo a > /dev/stdout; echo b > /dev/stderr; cat /dev/stdin; readlink /proc/self/fd/1; ls /proc/self/fd | wc -l',
    )
    expect(stdout).toMatch(/^a\npipe:\[\d+\]\n4\n$/)
    expect(stderr).toBe('b\n')
  })

  it('output comes while it runs, characters whole', async () => {
    const pieces: string[] = []
    const handle = await sandbox.commands.run(
      "for i in $(seq 2000); do printf 'äöü€😀'; done; echo; read line; echo got $line",
      { background: true, stdin: true, onStdout: (text) => void pieces.push(text) },
    )
    await until(async () => pieces.join('').endsWith('\n'))
    expect(pieces.join('')).toBe(`${'äöü€😀'.repeat(2_000)}\n`)
    await sandbox.commands.sendStdin(handle.pid, 'it\n')
    expect((await handle.wait()).stdout).toMatch(/\ngot it\n$/)
  })

  it('a command line of 10 MB is refused with the reason, and the next command runs', async () => {
    await expect(sandbox.commands.run(`echo ${'x'.repeat(10_000_000)}`)).rejects.toMatchObject({
      name: 'InvalidArgumentError',
      message: expect.stringContaining('too long') as string,
    })
    const longest = 'x'.repeat(120_000)
    expect((await sandbox.commands.run(`echo ${longest}`)).stdout).toBe(`${longest}\n`)
  })

  it('a NUL byte in a command, its folder or its variables is refused', async () => {
    for (const [command, options] of [
      ['echo a\0b', {}],
      ['true', { cwd: '/tmp\0' }],
      ['true', { envs: { A: 'x\0y' } }],
    ] as const) {
      await expect(sandbox.commands.run(command, options)).rejects.toMatchObject({ name: 'InvalidArgumentError' })
    }
    expect((await sandbox.commands.run('echo well')).stdout).toBe('well\n')
  })

  it('the time limit kills all it started and throws a timeout', async () => {
    const limited = sandbox.commands.run('bash -c "sleep 4321; true"; true', { timeoutMs: 1_000 })
    await expect(limited).rejects.toMatchObject({ name: 'TimeoutError' })
    await until(async () => (await sandbox.commands.run('pgrep -cf "slee[p] 4321" || true')).stdout === '0\n')
  })

  it('a background command is listed, fed, read by two and killed', async () => {
    const handle = await sandbox.commands.run('cat; sleep 300', { background: true, stdin: true })
    expect(await sandbox.commands.list()).toContainEqual(
      expect.objectContaining({ pid: handle.pid, cmd: '/bin/bash', args: ['-l', '-c', 'cat; sleep 300'] }),
    )
    let seen = ''
    const second = await sandbox.commands.connect(handle.pid, { onStdout: (text) => void (seen += text) })
    await sandbox.commands.sendStdin(handle.pid, 'one\n')
    await until(async () => seen === 'one\n' && handle.stdout === 'one\n')
    expect(await sandbox.commands.kill(handle.pid)).toBe(true)
    for (const reader of [handle, second]) {
      await expect(reader.wait()).rejects.toMatchObject({ exitCode: -1, error: 'signal: killed' })
    }
    expect(await sandbox.commands.kill(handle.pid)).toBe(false)
    await expect(sandbox.commands.connect(999_999)).rejects.toThrow('process with pid 999999 not found')
  })

  it('it goes on when the client goes, and tells its end to who comes late', async () => {
    const handle = await sandbox.commands.run('read line; exit 5', { background: true, stdin: true })
    await handle.disconnect()
    const again = await sandbox.commands.connect(handle.pid)
    await sandbox.commands.sendStdin(handle.pid, 'x\n')
    await expect(again.wait()).rejects.toMatchObject({ exitCode: 5 })
    const late = await sandbox.commands.connect(handle.pid)
    await expect(late.wait()).rejects.toMatchObject({ exitCode: 5 })
  })

  it('it survives a pause, is listed after it and can be read and fed again', async () => {
    const handle = await sandbox.commands.run('while read line; do echo got $line; done; exit 3', {
      background: true,
      stdin: true,
      timeoutMs: 0,
    })
    await handle.disconnect()
    await sandbox.pause()
    await sandbox.connect()
    expect((await sandbox.commands.list()).map(({ pid }) => pid)).toContain(handle.pid)
    let seen = ''
    const again = await sandbox.commands.connect(handle.pid, { timeoutMs: 0, onStdout: (text) => void (seen += text) })
    await sandbox.commands.sendStdin(handle.pid, 'after\n')
    await until(async () => seen === 'got after\n')
    await sandbox.commands.kill(handle.pid)
    await expect(again.wait()).rejects.toMatchObject({ exitCode: -1 })
  })
})
