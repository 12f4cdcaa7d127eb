import { SandboxError, TimeoutError, type Sandbox } from 'e2b'
import { SandboxError as NovitaSandboxError, TimeoutError as NovitaTimeoutError } from 'novita-sandbox'
import { describe, expect, inject, it } from 'vitest'
import { CLIENTS } from './support/clients.ts'
import { logOf } from './support/inspect.ts'
import { killAfterEach } from './support/sandboxes.ts'

/** What both clients' sandboxes can do to fall asleep. */
type Sleeper = Pick<Sandbox, 'pause' | 'setTimeout'>

describe.each(CLIENTS)('$name', ({ name, Sandbox }) => {
  const keep = killAfterEach()
  const installation = inject('installation')
  const ownError = name === 'e2b' ? SandboxError : NovitaSandboxError
  const timeoutError = name === 'e2b' ? TimeoutError : NovitaTimeoutError
  const sleeping = { lifecycle: { onTimeout: 'pause', autoResume: true } } as const
  const starts = (id: string): number =>
    logOf(installation, id).filter((entry) => entry.event === 'sandbox.resumed').length

  it("a command's stream ends with the client's own error at a pause; the command lives on and new ones work", async () => {
    const sandbox = keep(await Sandbox.create())
    const seen: string[] = []
    const command = await sandbox.commands.run('for i in $(seq 10000); do echo $i; sleep 0.1; done', {
      background: true,
      timeoutMs: 0,
      onStdout: (text) => void seen.push(text),
    })
    const end = endOf(command)

    await sandbox.pause()
    expect(await end).toBeInstanceOf(ownError)

    await sandbox.connect()
    expect((await sandbox.commands.run('echo new')).stdout).toBe('new\n')
    expect((await sandbox.commands.list()).map(({ pid }) => pid)).toContain(command.pid)
    const later: string[] = []
    const again = await sandbox.commands.connect(command.pid, {
      timeoutMs: 0,
      onStdout: (text) => void later.push(text),
    })
    await expect.poll(() => later.length, { timeout: 20_000 }).toBeGreaterThan(3)
    await again.kill()
  })

  // A client that asks for the sandbox's health does so before it tells of the end: what it woke is awake by then.
  it.each([
    ['a pause made sleep', async (sandbox: Sleeper) => void (await sandbox.pause())],
    ['fell asleep at the end of its time', async (sandbox: Sleeper) => await sandbox.setTimeout(500)],
  ])('open streams do not wake what %s, and a read does', async (_, fallAsleep) => {
    const sandbox = keep(await Sandbox.create(sleeping))
    const ends = await openStreams(sandbox)
    await fallAsleep(sandbox)
    for (const error of await Promise.all(ends)) {
      expect(error).toBeInstanceOf(ownError)
      expect(String(error)).toContain('The sandbox was paused')
    }
    expect(starts(sandbox.sandboxId)).toBe(0)
    expect((await sandbox.getInfo()).state).toBe('paused')
    expect(await sandbox.files.read('notes.txt')).toBe('remember me')
    expect(starts(sandbox.sandboxId)).toBe(1)
  })

  it('a stream that is cut by a kill ends with an error that says so', async () => {
    const sandbox = keep(await Sandbox.create(sleeping))
    const end = endOf(await sandbox.commands.run('sleep 1000', { background: true, timeoutMs: 0 }))
    await sandbox.kill()
    expect(await end).toBeInstanceOf(name === 'e2b' ? timeoutError : ownError)
  })
})

/** Opens a silent stream and a busy one, and gives what each ends with. */
async function openStreams(sandbox: InstanceType<(typeof CLIENTS)[0]['Sandbox']>): Promise<Promise<unknown>[]> {
  await sandbox.files.write('notes.txt', 'remember me')
  const commands = ['sleep 1000', 'while true; do echo tick; sleep 0.01; done']
  const handles = await Promise.all(
    commands.map((command) => sandbox.commands.run(command, { background: true, timeoutMs: 0 })),
  )
  return handles.map(endOf)
}

function endOf(command: { wait(): Promise<unknown> }): Promise<unknown> {
  return command.wait().then(
    () => 'an exit',
    (error: unknown) => error,
  )
}
