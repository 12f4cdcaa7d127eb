import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { TestInterpreter, type Answer } from './testing/test-interpreter.ts'

// Kernels are real programs, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

describe('bash contexts', () => {
  let interpreter: TestInterpreter
  const run = (code: string, env?: Record<string, string>): Promise<Answer> =>
    interpreter.run({ code, language: 'bash', ...(env === undefined ? {} : { env_vars: env }) })

  beforeAll(async () => {
    interpreter = await TestInterpreter.start()
  })
  afterAll(() => interpreter[Symbol.asyncDispose]())

  it('keep folder, variables, arrays and functions', async () => {
    await run('cd /usr; V="a b"; declare -A M=([k]=v); f() { echo "f:$1"; }')
    expect((await run('pwd; echo "$V" "${M[k]}"; f x')).stdout).toBe('/usr\na b v\nf:x\n')
  })

  it('tell a status that is not 0, and hand it to the next cell', async () => {
    expect((await run('echo no >&2; (exit 7)')).error).toMatchObject({ name: 'ExitStatus', value: '7' })
    expect((await run('echo $?')).stdout).toBe('7\n')
    const broken = await run('if true')
    expect(broken.error?.value).toBe('2')
    expect(broken.stderr).toContain('syntax error')
  })

  it('take text of all kinds', async () => {
    const code = `cat <<'EOF'\nit's "é" \\ $x !!\nEOF\n# end`
    expect(await run(code)).toMatchObject({ stdout: `it's "é" \\ $x !!\n`, stderr: '', error: undefined })
    expect((await run('echo out > /dev/stdout; echo err > /dev/stderr; cat')).stdout).toBe('out\n')
    expect((await run('')).messages.map(({ type }) => type)).toEqual(['number_of_executions', 'end_of_execution'])
  })

  it("set an execution's variables and put the old ones back", async () => {
    await run('KEPT=old; OURS=old')
    expect(
      (await run('echo $KEPT$ONCE; OURS=mine', { KEPT: 'new', ONCE: "it's", OURS: 'x', 'not-a-name': '1' })).stdout,
    ).toBe("newit's\n")
    expect((await run('echo $KEPT$ONCE$OURS')).stdout).toBe('oldmine\n')
  })

  it('start again after exit, and say so', async () => {
    expect((await run('exit 4')).error).toMatchObject({ name: 'KernelDied' })
    expect((await run('echo "[$V]"')).stdout).toBe('[]\n')
  })
})
