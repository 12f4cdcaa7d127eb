import { describe, expect, inject, it } from 'vitest'
import { Sandbox } from '@e2b/code-interpreter'
import { dropToDisk } from '../platform/support/inspect.ts'
import { killAfterEach, until } from '../platform/support/sandboxes.ts'
import { needCodeInterpreter } from './support/code-interpreter.ts'

needCodeInterpreter()

describe('contexts of a sandbox that sleeps', () => {
  const keep = killAfterEach()
  const installation = inject('installation')

  it.each(['frozen', 'disk'])('keep variables and open figures over a pause and a wake, %s', async (tier) => {
    const sandbox = keep(await Sandbox.create({ lifecycle: { onTimeout: 'pause', autoResume: true } }))
    await sandbox.runCode('const kept = 7', { language: 'javascript' })
    const context = await sandbox.createCodeContext()
    await sandbox.runCode('n = [1, 2]', { context })
    await sandbox.runCode('from matplotlib.figure import Figure\nfig = Figure(); ax = fig.subplots(); n = [3]', {
      timeoutMs: 60_000,
    })
    await sandbox.runCode('_ = ax.plot(n)')
    await sandbox.pause()
    if (tier === 'disk') await dropToDisk(installation, sandbox.sandboxId)
    expect((await sandbox.runCode('n')).text).toBe('[3]')
    expect((await sandbox.runCode('n', { context })).text).toBe('[1, 2]')
    expect((await sandbox.runCode('kept', { language: 'javascript' })).text).toBe('7')
    expect((await sandbox.runCode('len(ax.lines)')).text).toBe('1')
  })

  it('a resume from files only answers with the interpreter listening', async () => {
    const sandbox = keep(await Sandbox.create())
    await sandbox.runCode('open("/home/user/kept.txt", "w").write("kept")')
    await sandbox.pause({ keepMemory: false })
    await sandbox.connect()
    expect((await sandbox.runCode('open("/home/user/kept.txt").read()')).text).toBe('kept')
  })

  it('a kernel that was killed is replaced by a fresh one', async () => {
    const sandbox = keep(await Sandbox.create())
    await sandbox.runCode('x = 1')
    const killed = await sandbox.runCode('import os, signal; os.kill(os.getpid(), signal.SIGKILL)')
    expect(killed.error).toBeDefined()
    expect((await sandbox.runCode('1 + 1')).text).toBe('2')
    expect((await sandbox.runCode('x')).error?.name).toBe('NameError')
  })

  it('an interpreter that was killed is started again', async () => {
    const sandbox = keep(await Sandbox.create())
    await sandbox.commands.run("pkill -KILL -f '[i]nterpreter.mjs'", { user: 'root' })
    await until(async () => {
      const execution = await sandbox.runCode('1 + 1').catch(() => undefined)
      return execution?.text === '2'
    })
  })

  it('a cell whose client goes away is interrupted', async () => {
    const sandbox = keep(await Sandbox.create())
    const left = sandbox.runCode('import time\ntry:\n  time.sleep(60)\nexcept KeyboardInterrupt:\n  seen = True', {
      timeoutMs: 500,
    })
    await expect(left).rejects.toThrow()
    expect((await sandbox.runCode('seen', { timeoutMs: 20_000 })).text).toBe('True')
  })

  it('copies of the warm image do not share random numbers', async () => {
    const code = 'import random, uuid, numpy\n(random.random(), str(uuid.uuid4()), float(numpy.random.rand()))'
    const js = '[Math.random(), crypto.randomUUID()].join()'
    const seen = new Set<string>()
    for (let copy = 0; copy < 3; copy++) {
      const sandbox = keep(await Sandbox.create())
      const python = (await sandbox.runCode(code, { timeoutMs: 60_000 })).text ?? ''
      const values = python.replaceAll(/[()'\s]/g, '').split(',')
      expect(values).toHaveLength(3)
      const uuid = ((await sandbox.runCode(js, { language: 'javascript' })).text ?? '').split(',').at(-1) ?? ''
      for (const value of [...values, uuid]) seen.add(value)
    }
    expect(seen.size).toBe(12)
  })
})
