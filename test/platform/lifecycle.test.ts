import { exec } from '@drowse/common'
import { describe, expect, inject, it } from 'vitest'
import { CLIENTS } from './support/clients.ts'
import { killAfterEach, startCounter, until } from './support/sandboxes.ts'

const curlEnv = { CURL_CA_BUNDLE: inject('clientEnv').NODE_EXTRA_CA_CERTS ?? '' }

describe.each(CLIENTS)('$name', ({ Sandbox, NotFoundError }) => {
  const keep = killAfterEach()
  const sleeping = { timeoutMs: 60_000, lifecycle: { onTimeout: 'pause', autoResume: true } } as const

  it('files.read() wakes a paused sandbox, and its processes go on where they were', async () => {
    const sandbox = keep(await Sandbox.create(sleeping))
    await sandbox.files.write('notes.txt', 'remember me')
    const counter = await startCounter(sandbox)
    const before = await counter.read()

    await sandbox.pause()
    expect((await sandbox.getInfo()).state).toBe('paused')

    expect(await sandbox.files.read('notes.txt')).toBe('remember me')
    expect((await sandbox.getInfo()).state).toBe('running')
    const after = await counter.read()
    expect(after.pid).toBe(before.pid)
    expect(after.count).toBeGreaterThan(before.count)
    expect((await sandbox.commands.list()).map((process) => process.pid)).toContain(counter.pid)
  })

  it('keeps files and the same process through five cycles', async () => {
    const sandbox = keep(await Sandbox.create(sleeping))
    const counter = await startCounter(sandbox)
    let last = await counter.read()
    for (let cycle = 1; cycle <= 5; cycle++) {
      await sandbox.files.write(`cycle-${cycle}.txt`, `written in cycle ${cycle}`)
      await sandbox.pause()
      await sandbox.connect()
      for (let earlier = 1; earlier <= cycle; earlier++) {
        expect(await sandbox.files.read(`cycle-${earlier}.txt`)).toBe(`written in cycle ${earlier}`)
      }
      const now = await counter.read()
      expect(now.pid).toBe(last.pid)
      expect(now.count).toBeGreaterThanOrEqual(last.count)
      last = now
    }
  })

  it('commands.run() gives output, errors and exit codes', async () => {
    const sandbox = keep(await Sandbox.create({ envs: { FROM_SANDBOX: 'one' } }))
    const result = await sandbox.commands.run('echo "$FROM_SANDBOX $FROM_COMMAND"; echo bad >&2; pwd; whoami', {
      envs: { FROM_COMMAND: 'two' },
    })
    expect(result).toMatchObject({ exitCode: 0, stdout: 'one two\n/home/user\nuser\n', stderr: 'bad\n' })
    await expect(sandbox.commands.run('exit 7')).rejects.toMatchObject({ exitCode: 7 })
    expect((await sandbox.commands.run('whoami', { user: 'root', cwd: '/etc' })).stdout).toBe('root\n')
  })

  it('a server inside answers over https at getHost(), and the same request wakes it after a pause', async () => {
    const sandbox = keep(await Sandbox.create(sleeping))
    await sandbox.files.write('/home/user/site/index.html', 'hello from inside')
    await sandbox.commands.run('python3 -m http.server 3000', {
      background: true,
      cwd: '/home/user/site',
      timeoutMs: 0,
    })
    const url = `https://${sandbox.getHost(3000)}/`
    const get = async (): Promise<string> =>
      (await exec('curl', ['-sS', '--max-time', '60', url], { env: curlEnv })).stdout
    await until(async () => (await get()).includes('hello from inside'))

    await sandbox.pause()
    expect(await get()).toBe('hello from inside')
    expect((await sandbox.getInfo()).state).toBe('running')
  })

  it('connect() resumes, kill() removes, connect() then fails with the not-found error', async () => {
    const sandbox = await Sandbox.create()
    await sandbox.files.write('a.txt', 'a')
    await sandbox.pause()
    const again = await Sandbox.connect(sandbox.sandboxId)
    expect(await again.files.read('a.txt')).toBe('a')
    expect(await Sandbox.kill(again.sandboxId)).toBe(true)
    expect(await Sandbox.kill(again.sandboxId)).toBe(false)
    await expect(Sandbox.connect(sandbox.sandboxId)).rejects.toBeInstanceOf(NotFoundError)
  })

  it('list() finds paused sandboxes by state and metadata, page by page', async () => {
    const metadata = { suite: `list & pages ${Date.now()}`, 'a b': 'c=d' }
    const made = await Promise.all([1, 2, 3].map(async () => keep(await Sandbox.create({ metadata }))))
    await Promise.all(made.slice(0, 2).map((sandbox) => sandbox.pause()))

    const found: string[] = []
    const pages = Sandbox.list({ query: { state: ['paused'], metadata }, limit: 1 })
    while (pages.hasNext) {
      const page = await pages.nextItems()
      expect(page.length).toBeLessThanOrEqual(1)
      found.push(...page.map((entry) => entry.sandboxId))
    }
    expect(found.toSorted()).toEqual(
      made
        .slice(0, 2)
        .map((sandbox) => sandbox.sandboxId)
        .toSorted(),
    )
  })

  it('setTimeout() and isRunning(): a default sandbox is gone when its time is up', async () => {
    const sandbox = keep(await Sandbox.create({ timeoutMs: 60_000 }))
    expect(await sandbox.isRunning()).toBe(true)
    await sandbox.setTimeout(1_000)
    await until(async () => !(await sandbox.isRunning()))
    // For the moment that its removal takes a connect says that it is being killed.
    const connecting = async (): Promise<unknown> =>
      await Sandbox.connect(sandbox.sandboxId).catch((error: unknown) => error)
    await until(async () => (await connecting()) instanceof NotFoundError)
  })

  it('a sandbox with onTimeout "pause" is paused when its time is up, and comes back with its memory', async () => {
    const sandbox = keep(await Sandbox.create({ timeoutMs: 60_000, lifecycle: { onTimeout: 'pause' } }))
    const counter = await startCounter(sandbox)
    const before = await counter.read()
    await sandbox.setTimeout(1_000)
    await until(async () => (await sandbox.getInfo()).state === 'paused')
    expect(await sandbox.isRunning()).toBe(false)
    await sandbox.connect()
    const after = await counter.read()
    expect(after.pid).toBe(before.pid)
    expect(after.count).toBeGreaterThanOrEqual(before.count)
  })

  it('betaPause() pauses; a second pause says it was paused already', async () => {
    const sandbox = keep(await Sandbox.create())
    await sandbox.betaPause()
    expect((await sandbox.getInfo()).state).toBe('paused')
    expect(await Sandbox.pause(sandbox.sandboxId)).toBe(false)
  })
})
