import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { ChildProcessWithoutNullStreams } from 'node:child_process'
import { Sandbox } from 'e2b'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { exec } from '@drowse/common'
import { api, detailOf } from '../platform/support/inspect.ts'
import { killAfterEach, until } from '../platform/support/sandboxes.ts'
import { SshPerson } from '../platform/support/ssh.ts'
import { makeTeam } from '../platform/support/team.ts'

const keep = killAfterEach()
let person: SshPerson
beforeAll(async () => {
  person = await SshPerson.make()
  await person.join()
})
afterAll(async () => await person[Symbol.asyncDispose]())

describe('a command over ssh', () => {
  it('runs as the default user in their home, with its own output, errors and status', async () => {
    const { sandboxId: id } = keep(await Sandbox.create({ envs: { FROM_CREATE: 'yes' } }))
    const script = 'whoami; pwd; echo "$FROM_CREATE $SHELL"; echo bad >&2; exit 42'
    expect(await person.run(id, [script])).toEqual({
      code: 42,
      stdout: Buffer.from('user\n/home/user\nyes /bin/bash\n'),
      stderr: 'bad\n',
    })
    expect((await person.run(`${id}+root`, ['whoami'])).stdout.toString()).toBe('root\n')
    expect(await person.run(`${id}+nobody-here`, ['whoami'])).toMatchObject({ code: 255, stderr: /invalid username/ })
  })

  it('takes and gives bytes as they are, more than any window', async () => {
    const { sandboxId: id } = keep(await Sandbox.create())
    const bytes = randomBytes(20_000_000)
    const { code, stdout } = await person.run(id, ['cat'], { input: bytes })
    expect(code).toBe(0)
    expect(stdout.equals(bytes)).toBe(true)
    const sum = await person.run(id, ['sha256sum'], { input: bytes })
    expect(sum.stdout.toString()).toContain(createHash('sha256').update(bytes).digest('hex'))
  })

  it('keeps standard output and errors whole beside each other when the client takes its time', async () => {
    const { sandboxId: id } = keep(await Sandbox.create())
    const child = person.start(id, [
      'for i in $(seq 60); do head -c 100000 /dev/zero; head -c 100000 /dev/zero >&2; done',
    ])
    child.stdin.end()
    const seen = { stdout: 0, stderr: 0 }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].on('data', (data: Buffer) => {
        seen[name] += data.length
        child[name].pause()
        setImmediate(() => child[name].resume())
      })
    }
    expect(await once(child, 'close')).toEqual([0, null])
    expect(seen).toEqual({ stdout: 6_000_000, stderr: 6_000_000 })
  })

  it('ends by a signal as a signal', async () => {
    const { sandboxId: id } = keep(await Sandbox.create())
    const child = person.start(id, ['kill -KILL $$'], ['-v'])
    child.stdin.end()
    const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close') as Promise<[number]>])
    expect(code).toBe(255)
    expect(said).toMatch(/exit-signal/)
  })

  it('passes tar both ways', async () => {
    const { sandboxId: id } = keep(await Sandbox.create())
    const made = await person.run(id, [
      'mkdir -p t/d && echo one >t/a && ln -s a t/d/l && chmod 640 t/a && tar -C t -c .',
    ])
    expect(
      await person.run(id, ['mkdir u && tar -C u -x && stat -c %a u/a && readlink u/d/l'], { input: made.stdout }),
    ).toMatchObject({
      code: 0,
      stdout: Buffer.from('640\na\n'),
    })
  })

  it('takes LANG and LC_ variables and no others', async () => {
    const { sandboxId: id } = keep(await Sandbox.create())
    const options = ['-o', 'SetEnv=LC_TIME=C.UTF-8 LD_PRELOAD=/nowhere.so']
    const { stdout } = await person.run(id, ['echo "$LC_TIME|$LD_PRELOAD|${SSH_CONNECTION%% *}"'], { options })
    expect(stdout.toString()).toBe('C.UTF-8||127.0.0.1\n')
  })

  it('is hung up on when its client goes', async () => {
    const sandbox = keep(await Sandbox.create())
    const child = person.start(sandbox.sandboxId, ['echo ready; exec sleep 4321'])
    await once(child.stdout, 'data')
    expect(await processes(sandbox, 'sleep 4321')).toBe(1)
    child.kill('SIGKILL')
    await until(async () => (await processes(sandbox, 'sleep 4321')) === 0)
    await until(async () => (await detailOf(sandbox.sandboxId)).drowse.openConnections === 0)
  })
})

describe('a sandbox with an idle timeout', () => {
  it('stays awake while an ssh session is open, and sleeps when it has ended', async () => {
    const make = async (): Promise<Sandbox> =>
      keep(
        await Sandbox.create({
          timeoutMs: 300_000,
          metadata: { idle_timeout: '30' },
          lifecycle: { onTimeout: 'pause', autoResume: true },
        }),
      )
    const used = await make()
    const child = person.start(used.sandboxId, ['echo ready; exec cat'])
    await once(child.stdout, 'data')
    const stateOf = async ({ sandboxId }: Sandbox): Promise<string> => (await detailOf(sandboxId)).state
    // Made later, it sleeps only after the time that the other one has been without anything but its session.
    const unused = await make()
    await until(async () => (await stateOf(unused)) === 'paused', 60_000)
    expect(await stateOf(used)).toBe('running')
    child.stdin.write('still here\n')
    expect(String((await once(child.stdout, 'data'))[0])).toBe('still here\n')
    child.stdin.end()
    expect(await once(child, 'close')).toEqual([0, null])
    await until(async () => (await stateOf(used)) === 'paused', 60_000)
    // A session wakes it, and it sleeps again behind the session.
    expect((await person.run(used.sandboxId, ['echo awake'])).stdout.toString()).toBe('awake\n')
    await until(async () => (await detailOf(used.sandboxId)).drowse.openConnections === 0)
    await until(async () => (await stateOf(used)) === 'paused', 60_000)
  }, 240_000)
})

describe('a terminal over ssh', () => {
  it('is one, of the kind and size that the client has, and is sized anew', async () => {
    const { sandboxId: id } = keep(await Sandbox.create())
    const terminal = new OuterTerminal(person, id)
    await terminal.type('tty; echo "term=$TERM"; stty size\n')
    await terminal.shows(/\/dev\/pts\/\d+[^]*term=xterm-256color[^]*31 117/)
    await terminal.resize(44, 99)
    await terminal.type('until [ "$(stty size)" = "44 99" ]; do sleep 0.05; done; echo sized=$((1+1))\n')
    await terminal.shows(/sized=2/)
    // Ctrl+C reaches what runs, and not the shell.
    await terminal.type('sleep 1000\n')
    await terminal.shows(/sleep 1000/)
    await terminal.type('\x03echo after=$((40+2))\n')
    await terminal.shows(/after=42/)
    await terminal.type('exit 7\n')
    expect(await terminal.ended).toBe(7)
  })
})

describe('who may open what', () => {
  it('wakes a paused sandbox for its team, also one without auto-resume, and goes on where it was', async () => {
    const sandbox = keep(await Sandbox.create())
    await sandbox.files.write('note', 'kept')
    await sandbox.pause()
    const results = await Promise.all([1, 2, 3].map(async () => await person.run(sandbox.sandboxId, ['cat note'])))
    for (const result of results) expect(result).toMatchObject({ code: 0, stdout: Buffer.from('kept') })
    expect((await detailOf(sandbox.sandboxId)).state).toBe('running')
  })

  it('leaves it asleep for a wrong key, which looks as an unknown sandbox does', async () => {
    const sandbox = keep(await Sandbox.create({ lifecycle: { onTimeout: 'pause', autoResume: true } }))
    await sandbox.pause()
    await using stranger = await SshPerson.make()
    const refusals = await Promise.all(
      [sandbox.sandboxId, 'i00000000000000000000', 'root', '../..', `${sandbox.sandboxId}+root`].map(
        async (user) => await stranger.run(user, ['true'], { options: ['-v'] }),
      ),
    )
    for (const { code, stderr } of refusals) {
      expect(code).toBe(255)
      expect(stderr).toContain('Permission denied (publickey).')
      expect(stderr.match(/Authentications that can continue: .*/g)).toEqual(
        refusals[0]?.stderr.match(/Authentications that can continue: .*/g),
      )
    }
    expect((await detailOf(sandbox.sandboxId)).state).toBe('paused')
  })

  it("refuses another team's key, and a removed one at once", async () => {
    using team = makeTeam()
    const { sandboxId: id } = keep(await Sandbox.create())
    await using other = await SshPerson.make('ecdsa')
    await other.join(team.key)
    expect(await other.run(id, ['true'])).toMatchObject({ code: 255, stderr: /Permission denied/ })
    const keyId = await other.join()
    expect(await other.run(id, ['echo in'])).toMatchObject({ code: 0 })
    const child = other.start(id, ['echo ready; sleep 1000'])
    await once(child.stdout, 'data')
    const end = once(child, 'close')
    expect((await api(`/ssh-keys/${keyId}`, { method: 'DELETE', key: team.key })).status).toBe(404)
    expect((await api(`/ssh-keys/${keyId}`, { method: 'DELETE' })).status).toBe(204)
    expect(await end).toEqual([255, null])
    expect(await other.run(id, ['true'])).toMatchObject({ code: 255, stderr: /Permission denied/ })
  })

  it('takes an RSA key, by a signature that is not SHA-1', async () => {
    await using other = await SshPerson.make('rsa')
    const keyId = await other.join()
    const { sandboxId: id } = keep(await Sandbox.create())
    expect(await other.run(id, ['echo in'])).toMatchObject({ code: 0 })
    const options = ['-o', 'PubkeyAcceptedAlgorithms=ssh-rsa', '-o', 'RequiredRSASize=1024']
    expect(await other.run(id, ['echo in'], { options })).toMatchObject({ code: 255 })
    await api(`/ssh-keys/${keyId}`, { method: 'DELETE' })
  })
})

describe('a sandbox that stops under a session', () => {
  it.each([
    ['pause', 'The sandbox was paused'],
    ['kill', 'The sandbox was killed'],
  ] as const)('tells of a %s and ends', async (operation, words) => {
    const sandbox = keep(await Sandbox.create())
    const child = person.start(sandbox.sandboxId, ['echo ready; sleep 1000'])
    await once(child.stdout, 'data')
    expect((await detailOf(sandbox.sandboxId)).drowse.openConnections).toBe(1)
    const [said, end] = [text(child.stderr), once(child, 'close')]
    await sandbox[operation]()
    expect(await end).toEqual([255, null])
    expect(await said).toContain(words)
  })

  it('is not found afterwards', async () => {
    const sandbox = await Sandbox.create()
    await sandbox.kill()
    expect(await person.run(sandbox.sandboxId, ['true'])).toMatchObject({ code: 255, stderr: /Permission denied/ })
  })
})

describe('files over ssh', () => {
  it('go by scp and sftp, as the user, in an image without a server for them', async () => {
    const sandbox = keep(await Sandbox.create())
    const id = sandbox.sandboxId
    const bytes = randomBytes(5_000_000)
    await writeFile(join(person.folder, 'up'), bytes, { mode: 0o750 })
    await person.copy('scp', ['-p', join(person.folder, 'up'), `${id}@127.0.0.1:up`])
    expect((await sandbox.commands.run('stat -c "%a %U %s" up; sha256sum <up')).stdout).toBe(
      `750 user 5000000\n${createHash('sha256').update(bytes).digest('hex')}  -\n`,
    )
    await sandbox.pause()
    await person.copy('scp', [`${id}@127.0.0.1:up`, join(person.folder, 'down')])
    expect((await readFile(join(person.folder, 'down'))).equals(bytes)).toBe(true)
    await expect(person.copy('scp', [`${id}@127.0.0.1:/etc/shadow`, person.folder])).rejects.toThrow(
      /Permission denied/,
    )
    await person.copy('scp', [`${id}+root@127.0.0.1:/etc/shadow`, person.folder])
    expect(
      await person.copy('sftp', ['-b', '-', `${id}@127.0.0.1`], 'mkdir new\nrename up new/up\nls -1 new\n'),
    ).toContain('new/up')
  })
})

describe('rsync over ssh', () => {
  it('brings a folder there and back, only what has changed the second time, and takes away what is gone', async () => {
    const sandbox = keep(await Sandbox.create())
    const rsync = await baseRsync()
    const shell = ['ssh', ...person.options, '-p', String(person.port)].join(' ')
    const run = async (...args: string[]): Promise<string> =>
      (await exec(rsync[0] ?? '', [...rsync.slice(1), '-a', '-e', shell, '--stats', ...args])).stdout
    const [here, back] = [join(person.folder, 'here/'), join(person.folder, 'back/')]
    await mkdir(join(here, 'in'), { recursive: true })
    const bytes = randomBytes(3_000_000)
    await writeFile(join(here, 'in', 'large'), bytes)
    await writeFile(join(here, 'small'), 'one')
    const there = `${sandbox.sandboxId}@127.0.0.1:there/`
    expect(await run(here, there)).toContain('Number of regular files transferred: 2')
    await writeFile(join(here, 'new'), 'three')
    await rm(join(here, 'small'))
    expect(await run('--delete', here, there)).toContain('Number of regular files transferred: 1')
    expect((await sandbox.commands.run('find there -type f | sort')).stdout).toBe('there/in/large\nthere/new\n')
    await sandbox.pause()
    await run(there, back)
    expect((await readFile(join(back, 'in', 'large'))).equals(bytes)).toBe(true)
    expect(await readFile(join(back, 'new'), 'utf8')).toBe('three')
  })
})

/** The rsync of the base template, run on this machine with its own libraries: this machine need not have one. */
async function baseRsync(): Promise<string[]> {
  const layers = join(inject('installation').data, 'layers')
  for (const layer of await readdir(layers)) {
    const root = join(layers, layer, 'root')
    const program = join(root, 'usr/bin/rsync')
    if (!existsSync(program)) continue
    const libraries = join(root, 'usr/lib/x86_64-linux-gnu')
    return [join(libraries, 'ld-linux-x86-64.so.2'), '--library-path', libraries, program]
  }
  throw new Error('no layer has rsync')
}

describe('ssh -L', () => {
  it('reaches servers on the loopback of the sandbox, waking it, and nothing else', async () => {
    const sandbox = keep(await Sandbox.create())
    const id = sandbox.sandboxId
    await sandbox.files.write(
      'echo.js',
      "require('net').createServer({ allowHalfOpen: true }, (s) => s.pipe(s)).listen(7777, '127.0.0.1')",
    )
    await sandbox.commands.run('node echo.js', { background: true, timeoutMs: 0 })
    await until(async () => (await sandbox.commands.run('ss -Hltn sport = :7777 || true')).stdout !== '')
    await sandbox.pause()
    const [own, foreign, shut] = [await freePort(), await freePort(), await freePort()]
    const targets = [`${own}:localhost:7777`, `${foreign}:10.0.0.1:80`, `${shut}:127.0.0.1:7778`]
    const forwards = targets.flatMap((target) => ['-L', `127.0.0.1:${target}`])
    const child = person.start(id, [], ['-N', ...forwards, '-o', 'ExitOnForwardFailure=yes', '-v'])
    let said = ''
    child.stderr.on('data', (data: Buffer) => (said += data.toString()))
    await until(async () => /Entering interactive session/.test(said))
    expect((await detailOf(id)).state).toBe('paused')
    try {
      const bytes = randomBytes(5_000_000)
      expect((await exchange(own, bytes)).equals(bytes)).toBe(true)
      expect((await detailOf(id)).state).toBe('running')
      expect(await exchange(foreign, Buffer.from('x'))).toHaveLength(0)
      expect(await exchange(shut, Buffer.from('x'))).toHaveLength(0)
      await until(async () => (await detailOf(id)).drowse.openConnections === 0)
    } finally {
      child.kill()
      await once(child, 'close')
    }
  })

  it('is refused the other way, and so are agent and X11', async () => {
    const { sandboxId: id } = keep(await Sandbox.create())
    const remote = await person.run(id, ['true'], {
      options: ['-R', '17009:127.0.0.1:1', '-o', 'ExitOnForwardFailure=yes'],
    })
    expect(remote).toMatchObject({ code: 255, stderr: /remote port forwarding failed/ })
    const agent = await person.run(id, ['echo "agent=$SSH_AUTH_SOCK display=$DISPLAY"'], { options: ['-A', '-X'] })
    expect(agent.stdout.toString()).toBe('agent= display=\n')
  })
})

/** A port that nobody listens on at this moment: `ssh -L` takes none of its own choice. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Sends bytes and the end, and gives what comes back. */
async function exchange(port: number, bytes: Buffer): Promise<Buffer> {
  const socket: Socket = connect({ host: '127.0.0.1', port })
  const chunks: Buffer[] = []
  socket.on('data', (data: Buffer) => chunks.push(data))
  socket.on('error', () => {}) // told by what is missing
  socket.end(bytes)
  await new Promise((resolve) => socket.once('close', resolve))
  return Buffer.concat(chunks)
}

async function processes(sandbox: Sandbox, line: string): Promise<number> {
  const { stdout } = await sandbox.commands.run(`pgrep -cxf '${line}' || true`)
  return Number(stdout)
}

/** A terminal of this machine with `ssh` on it; Python's module makes it. */
class OuterTerminal {
  readonly #child: ChildProcessWithoutNullStreams
  /** The status of `ssh`. */
  readonly ended: Promise<number>
  #seen = ''

  constructor(person: SshPerson, id: string) {
    this.#child = person.startOnTerminal(id)
    this.#child.stdout.on('data', (data: Buffer) => (this.#seen += data.toString()))
    this.ended = once(this.#child, 'close').then(([code]) => Number(code))
  }

  async type(keys: string): Promise<void> {
    this.#child.stdin.write(`${JSON.stringify({ keys })}\n`)
  }

  async resize(rows: number, cols: number): Promise<void> {
    this.#child.stdin.write(`${JSON.stringify({ rows, cols })}\n`)
  }

  /** Waits until something is shown, and forgets what came up to it. */
  async shows(pattern: RegExp): Promise<void> {
    await expect.poll(() => this.#seen, { timeout: 20_000 }).toMatch(pattern)
    const match = pattern.exec(this.#seen)
    this.#seen = this.#seen.slice((match?.index ?? 0) + (match?.[0].length ?? 0))
  }
}
