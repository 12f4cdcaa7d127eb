import { SandboxError } from 'e2b'
import { SandboxError as NovitaSandboxError } from 'novita-sandbox'
import { describe, expect, it } from 'vitest'
import { CLIENTS } from './support/clients.ts'
import { killAfterEach } from './support/sandboxes.ts'

describe.each(CLIENTS)('$name', ({ name, Sandbox }) => {
  const keep = killAfterEach()
  const ownError = name === 'e2b' ? SandboxError : NovitaSandboxError

  it("a command's stream ends with the client's own error at a pause; the command lives on and new ones work", async () => {
    const sandbox = keep(await Sandbox.create())
    const seen: string[] = []
    const command = await sandbox.commands.run('for i in $(seq 10000); do echo $i; sleep 0.1; done', {
      background: true,
      timeoutMs: 0,
      onStdout: (text) => void seen.push(text),
    })
    const end = command.wait().then(
      () => 'an exit',
      (error: unknown) => error,
    )

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
})
