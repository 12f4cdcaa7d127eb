import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Sandbox } from 'e2b'
import { CLIENTS } from '../platform/support/clients.ts'
import { until } from '../platform/support/sandboxes.ts'

describe.each(CLIENTS)('terminals through $name', ({ Sandbox }) => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await Sandbox.create({ timeoutMs: 600_000 })
  })
  afterAll(() => sandbox.kill())

  /** A terminal, what it printed so far, and how to type on it. */
  async function open(options: { user?: string; envs?: Record<string, string>; cwd?: string } = {}) {
    const screen = { text: '' }
    const onData = (data: Uint8Array): void => void (screen.text += Buffer.from(data).toString('latin1'))
    const handle = await sandbox.pty.create({ cols: 80, rows: 24, timeoutMs: 0, onData, ...options })
    return { handle, screen, onData, pid: handle.pid, ...typist(handle.pid, screen) }
  }

  function typist(pid: number, screen: { text: string }) {
    const shows = (text: string): Promise<void> => until(async () => screen.text.includes(text))
    const type = (text: string): Promise<void> => sandbox.pty.sendInput(pid, Buffer.from(text))
    return {
      shows,
      type,
      /** Runs a line and waits for what it prints. The mark is typed in two parts, so that its echo is not taken for it. */
      line: async (text: string): Promise<void> => {
        screen.text = ''
        await type(`${text}; echo do''ne\n`)
        await shows('done\r\n')
      },
    }
  }

  it('a shell gets a controlling terminal of the asked size and environment', async () => {
    const { handle, screen, line } = await open({ envs: { EXTRA: 'more' }, cwd: '/usr' })
    await line(
      'tty; stty size; pwd; echo "$TERM $EXTRA $- $0 $(shopt login_shell)"; echo by-name > $(tty); echo ctl > /dev/tty',
    )
    expect(screen.text).toMatch(/\/dev\/pts\/\d+\r\n24 80\r\n\/usr\r\n/)
    expect(screen.text).toMatch(/xterm-256color more \S*i\S* \/bin\/bash login_shell\s+on\r\n/)
    expect(screen.text).toContain('by-name\r\nctl\r\n')
    await handle.kill()
  })

  it.each(['root', 'games'])('it runs as %s, who owns the terminal', async (user) => {
    const { handle, screen, line } = await open({ user })
    await line('echo "I am $(whoami), this is $(stat -c %U $(tty))"')
    expect(screen.text).toContain(`I am ${user}, this is ${user}\r\n`)
    await handle.kill()
  })

  it('an unknown user is refused', async () => {
    await expect(open({ user: 'ghost' })).rejects.toThrow("invalid username: 'ghost'")
  })

  it('a resize is seen at once, and signalled', async () => {
    const { handle, screen, pid, line, shows } = await open()
    await line("trap 'echo now $(stty size)' WINCH")
    await sandbox.pty.resize(pid, { cols: 132, rows: 50 })
    await until(async () => {
      if (!screen.text.includes('now')) await sandbox.pty.sendInput(pid, Buffer.from('\n'))
      return screen.text.includes('now 50 132\r\n')
    })
    await shows('now 50 132')
    await handle.kill()
  })

  it('there is job control: Ctrl-C, Ctrl-Z, fg, Ctrl-D', async () => {
    const { handle, screen, type, shows, line } = await open()
    await type('sh -c "echo sleep\'\'ing; exec sleep 300"\n')
    await shows('sleeping\r\n')
    await type('\x03')
    await line('echo code $?')
    expect(screen.text).toContain('code 130\r\n')
    await type('sh -c "echo read\'\'ing; exec cat"\n')
    await shows('reading\r\n')
    await type('\x1a')
    await shows('Stopped')
    screen.text = ''
    await type('fg\n')
    await shows('exec cat')
    await type('\x03')
    await line('echo again $?')
    expect(screen.text).toContain('again 130\r\n')
    await type('\x04')
    expect((await handle.wait()).exitCode).toBe(0)
  })

  it('the exit status of the shell is that of the terminal', async () => {
    const { handle, type } = await open()
    await type('exit 7\n')
    await expect(handle.wait()).rejects.toMatchObject({ exitCode: 7, error: 'exit status 7' })
  })

  it('bytes pass unchanged', async () => {
    const { handle, screen, line, type, shows } = await open()
    await line(
      'stty raw -echo; printf "\\000\\001\\377\\200begin"; head -c 262144 /dev/zero | tr "\\000" "\\252"; stty sane',
    )
    expect(screen.text).toContain(`\0\x01\xff\x80begin${'\xaa'.repeat(262_144)}`)
    await type('stty raw -echo; echo go; head -c 5 | od -An -tx1; stty sane\n')
    await shows('go\n')
    await sandbox.pty.sendInput(handle.pid, Uint8Array.of(0, 255, 3, 4, 200))
    await shows('00 ff 03 04 c8')
    await handle.kill()
  })

  it('it survives a pause with its shell, and is connected to again', async () => {
    const { handle, screen, pid, onData, line } = await open()
    await line('KEPT="in memory"; { sleep 300 & }')
    await handle.disconnect()
    await sandbox.pause()
    await sandbox.connect()
    expect((await sandbox.commands.list()).map((process) => process.pid)).toContain(pid)
    const again = await sandbox.pty.connect(pid, { onData, timeoutMs: 0 })
    await line('echo "$KEPT"; jobs; stty size')
    expect(screen.text).toContain('in memory\r\n')
    expect(screen.text).toContain('Running')
    expect(screen.text).toContain('24 80\r\n')
    expect(await again.kill()).toBe(true)
  })

  it('a kill ends it with its jobs', async () => {
    const { handle, type, shows, pid } = await open()
    await type('sleep 5432 & sh -c "echo fore\'\'ground; exec sleep 5432"\n')
    await shows('foreground\r\n')
    expect(await sandbox.pty.kill(pid)).toBe(true)
    await expect(handle.wait()).rejects.toMatchObject({ exitCode: -1, error: 'signal: killed' })
    await until(async () => (await sandbox.commands.run('pgrep -cf "slee[p] 5432" || true')).stdout === '0\n')
    expect(await sandbox.pty.kill(pid)).toBe(false)
  })
})
