import { once } from 'node:events'
import { globSync, statSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { release } from 'node:os'
import { join } from 'node:path'
import { Sandbox } from 'e2b'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { makeSmallInternet } from '../platform/support/small-internet.ts'
import { hostAddresses, sandboxAddresses } from './support/addresses.ts'
import { CONNECT_ALL, linesOf } from './support/connect-all.ts'

describe('a program inside a sandbox, as its root', () => {
  const { data, env } = inject('installation')
  let sandbox: Sandbox
  let neighbour: Sandbox
  beforeAll(async () => {
    sandbox = await Sandbox.create({ timeoutMs: 300_000 })
    neighbour = await Sandbox.create({ timeoutMs: 300_000 })
  })
  afterAll(async () => {
    await Promise.all([sandbox.kill(), neighbour.kill()])
  })

  /** Runs a line of bash as root and gives its output, whatever its exit status. */
  async function run(command: string): Promise<string> {
    return (await sandbox.commands.run(`{ ${command}\n} 2>&1 || true`, { user: 'root', timeoutMs: 60_000 })).stdout
  }

  it("reaches no service at any of the host's addresses, and no other sandbox", async () => {
    await using internet = await makeSmallInternet()
    await using server = createServer((socket) => void socket.on('error', () => {}).end('host')).listen(0, '::')
    await once(server, 'listening')
    const ports = [(server.address() as AddressInfo).port, env['DROWSE_HTTP_PORT'], env['DROWSE_HTTPS_PORT'], 22]
    const own = (await sandbox.commands.run('hostname -I')).stdout.trim()
    const hosts = hostAddresses().filter((address) => !/^(127\.|::1$|fe80:)/.test(address))
    const others = sandboxAddresses(env['DROWSE_SUBNET'] ?? '').filter((address) => address !== own)
    expect(others.length).toBeGreaterThan(0)
    const open = `${internet.addresses[0]} ${internet.port}`
    const targets = [
      open,
      ...hosts.flatMap((address) => ports.map((port) => `${address} ${port}`)),
      ...others.map((address) => `${address} 49983`),
    ]
    await sandbox.files.write([
      { path: '/tmp/connect.py', data: CONNECT_ALL },
      { path: '/tmp/targets', data: targets.join('\n') },
    ])
    // The internet is reached, so that the way is there; the addresses of the host on it are not.
    expect(linesOf(await run('python3 /tmp/connect.py < /tmp/targets'))).toEqual([open])
  })

  it("finds nothing of the host's files, disks, kernel or processes", async () => {
    expect(await run(`ls -d ${data} /var/lib/drowse`)).not.toMatch(/^\//m)
    expect(await run('ls /dev')).not.toMatch(/^(sd|vd|nvme|xvd|loop|dm-|mem|kmem|port|kmsg|kvm)/m)
    expect(await run('cat /proc/self/mountinfo /proc/mounts /proc/cmdline')).not.toContain(data)
    expect(await run('uname -r; dmesg')).not.toContain(release())
    // Major numbers of disks.
    const nodes = await run('for major in 7 8 252 253 254 259; do mknod /root/disk-$major b $major 0; done')
    expect(nodes.match(/Operation not permitted/g)).toHaveLength(6)
    expect(await run('ps -eo args')).not.toMatch(/runsc|packages\/server/)
  })

  it('cannot change what sandboxes share: the guest runtime and the layer of its template', async () => {
    const shared = (): unknown[] =>
      globSync('guest/*/**', { cwd: data }).map((name) => {
        const { mode, uid, gid, size, mtimeMs, nlink } = statSync(join(data, name))
        return { name, mode, uid, gid, size, mtimeMs, nlink }
      })
    const before = shared()
    expect(before.length).toBeGreaterThan(5)
    // To its own kernel the mount is writable after this; the host's is not.
    expect(await run('mount -o remount,rw /.drowse && grep " /.drowse " /proc/mounts')).toContain(' rw,')
    expect(await run('echo broken >> /.drowse/daemon.mjs')).toContain('Read-only file system')
    for (const attempt of [
      'rm -f /.drowse/daemon.mjs',
      'mv /.drowse/daemon.mjs /.drowse/moved',
      'ln /.drowse/daemon.mjs /.drowse/linked',
      'mkdir /.drowse/folder; mkfifo /.drowse/pipe; ln -s /etc /.drowse/symbolic',
      'chmod 4777 /.drowse /.drowse/node; chown 1000:1000 /.drowse/node; touch -d 2001-01-01 /.drowse/node',
      'mkdir /mnt/again && mount --bind /.drowse /mnt/again && mount -o remount,rw,bind /mnt/again; echo x > /mnt/again/x',
    ]) {
      await run(attempt)
    }
    expect(shared()).toEqual(before)

    await run('echo mine > /usr/bin/mine; echo mine >> /etc/passwd; rm -rf /usr/share/doc')
    const seen = `test -e /usr/bin/mine && echo found; grep -c mine /etc/passwd; ls -d /usr/share/doc`
    expect((await neighbour.commands.run(seen, { user: 'root' })).stdout).toBe('0\n/usr/share/doc\n')
    expect(globSync('layers/*/root/usr/bin/{mine,bash}', { cwd: data })).toEqual([expect.stringMatching(/bash$/)])
  })

  it('finds its way out of its root by no handle and no climbing', async () => {
    await sandbox.files.write('/root/escape.py', ESCAPE, { user: 'root' })
    const lines = linesOf(await run('python3 /root/escape.py'))
    const inode = (await run('stat -c %i /')).trim()
    expect(lines).toEqual(['open_by_handle_at refused', `root ${inode}`, 'climbed to the same'])
  })

  it('fills the memory of /tmp and /dev/shm, is told that it is full, and harms nobody', async () => {
    const fill = (path: string): string => `dd if=/dev/zero of=${path} bs=16M`
    // One after the other: both full are all of the memory, at which the largest process is ended.
    for (const path of ['/tmp/fill', '/dev/shm/fill']) {
      expect(await run(fill(path))).toContain('No space left on device')
      await run(`rm -f ${path}`)
    }
    expect(await run('echo alive')).toBe('alive\n')
    expect((await neighbour.commands.run('echo alive')).stdout).toBe('alive\n')
  })
})

/** What got out of containers before: opening the root of the filesystem by a handle, and leaving a changed root by a folder held open. */
const ESCAPE = `
import ctypes, os, struct
libc = ctypes.CDLL(None, use_errno=True)
root = os.open('/', os.O_RDONLY)
handle = ctypes.create_string_buffer(struct.pack('Ii', 8, 1) + struct.pack('Q', 2), 64)
opened = libc.syscall(304, root, handle, os.O_RDONLY)
print('open_by_handle_at', 'refused' if opened < 0 else os.listdir(opened))
print('root', os.stat('/').st_ino)
os.makedirs('/root/jail', exist_ok=True)
before = os.stat('/').st_ino
os.chroot('/root/jail')
os.fchdir(root)
for _ in range(64):
    os.chdir('..')
os.chroot('.')
print('climbed to', 'the same' if os.stat('/').st_ino == before else os.listdir('/'))
`
