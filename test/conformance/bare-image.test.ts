import { Sandbox } from 'e2b'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from '../platform/support/sandboxes.ts'
import { asUser, collect, outputOf, rawGuest, type RawGuest } from './support/raw-rpc.ts'

const PORT = 49_000
/** A root that has nothing but what the engine puts into every sandbox: no shell, no C library, no users. */
const BARE_ROOT = `
set -e
mkdir -p /bare/.drowse /bare/proc /bare/dev
mount --bind /.drowse /bare/.drowse
mount --bind /proc /bare/proc
mount --rbind /dev /bare/dev
exec chroot /bare /.drowse/lib/ld-linux-x86-64.so.2 --library-path /.drowse/lib /.drowse/node /.drowse/daemon.mjs --port ${PORT}`

/** A program for such a root: the Node of the guest runtime. */
const node = (script: string) => ({
  cmd: '/.drowse/lib/ld-linux-x86-64.so.2',
  args: ['--library-path', '/.drowse/lib', '/.drowse/node', '-e', script],
})

describe('the daemon in an image that has nothing', () => {
  let sandbox: Sandbox
  let guest: RawGuest
  beforeAll(async () => {
    sandbox = await Sandbox.create({ timeoutMs: 600_000 })
    await sandbox.files.write('/bare.sh', BARE_ROOT, { user: 'root' })
    await sandbox.commands.run('sudo sh /bare.sh', { background: true, timeoutMs: 0 })
    guest = await rawGuest(sandbox, PORT)
    await until(async () => (await guest.fetch('/health')).status === 204)
  })
  afterAll(() => sandbox.kill())

  const start = (process: object, more: object = {}, headers: Record<string, string> = {}) =>
    collect(guest.stream('process.Process/Start', { process, ...more }, { headers }))

  it('runs programs as root, in /', async () => {
    const events = await start(node('console.log(process.getuid(), process.cwd(), fs.readdirSync("/").join())'))
    expect(outputOf(events, 'stdout').toString()).toBe('0 / .drowse,dev,proc\n')
    expect(events.at(-2)).toEqual({ event: { end: { exited: true, status: 'exit status 0' } } })
  })

  it('gives them terminals', async () => {
    const script =
      'console.log(process.stdout.isTTY, process.stdout.columns, fs.writeSync(fs.openSync("/dev/tty", "w"), "ctl "))'
    const events = await start(node(script), { pty: { size: { cols: 99, rows: 9 } } })
    expect(outputOf(events, 'pty').toString()).toBe('ctl true 99 4\r\n')
  })

  it('says what is missing', async () => {
    expect(await start({ cmd: '/bin/bash', args: ['-l', '-c', 'true'] })).toMatchObject([
      { error: { code: 'invalid_argument', message: expect.stringContaining('no such file or directory') } },
    ])
    expect(await start(node('1'), {}, asUser('user'))).toMatchObject([{ error: { code: 'unauthenticated' } }])
  })
})
