import { describe, expect, it } from 'vitest'
import { exec } from './exec.ts'

describe('exec()', () => {
  it('returns what the program printed', async () => {
    await expect(exec('sh', ['-c', 'echo out; echo err >&2'])).resolves.toMatchObject({ stdout: 'out', stderr: 'err' })
  })

  it('passes arguments as they are, without a shell', async () => {
    const { stdout } = await exec('printf', ['%s', '$HOME; `id`'])
    expect(stdout).toBe('$HOME; `id`')
  })

  it('names command, status and the tail of stderr when the program fails', async () => {
    await expect(exec('sh', ['-c', 'echo broken >&2; exit 3'])).rejects.toMatchObject({
      code: 'exec_failed',
      message: expect.stringMatching(/Cannot run "sh -c .*exit 3: broken/s) as string,
    })
  })

  it('fails with a sentence when the program does not exist', async () => {
    await expect(exec('no-such-program-here', [])).rejects.toMatchObject({ code: 'exec_failed' })
  })

  it('ends a program that takes too long', async () => {
    await expect(exec('sleep', ['60'], { timeoutMs: 50 })).rejects.toThrow('no end after 50 ms')
  })

  it('hands over each line as it comes', async () => {
    const lines: string[] = []
    await exec('sh', ['-c', 'echo one; echo two >&2'], { onLine: (line) => lines.push(line) })
    expect(lines.toSorted()).toEqual(['one', 'two'])
  })
})
