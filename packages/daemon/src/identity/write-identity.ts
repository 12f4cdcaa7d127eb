import { lstat, open, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname as currentHostname } from 'node:os'
import { join } from 'node:path'
import type { EnvdInit } from '@drowse/protocol'
import type { Log } from '../log.ts'

/**
 * Writes what makes this guest itself: host name, hosts, resolver and, for a fresh identity, the machine id.
 * Files that already say so are left alone. An image that refuses a write (read-only, no such folder) is logged, not failed.
 */
export async function writeIdentity(root: string, init: EnvdInit, log: Log): Promise<void> {
  const etc = (name: string): string => join(root, 'etc', name)
  const put: Put = (path, content, mode) =>
    writeIfChanged(path, content, mode).catch((error: unknown) => log(`Cannot write "${path}"`, error))
  const writes = [put(etc('hostname'), `${init.hostname}\n`, 0o644), updateHosts(etc('hosts'), init.hostname, put)]
  if (init.nameservers.length > 0) {
    writes.push(put(etc('resolv.conf'), init.nameservers.map((server) => `nameserver ${server}\n`).join(''), 0o644))
  }
  if (init.identity === 'fresh') {
    const machineId = `${await randomHex(16)}\n`
    writes.push(put(etc('machine-id'), machineId, 0o444))
    // D-Bus's own copy is mostly a link to the one above; a real file there would keep the old identity.
    const dbus = join(root, 'var/lib/dbus/machine-id')
    const isFile = await lstat(dbus).then(
      (found) => found.isFile(),
      () => false,
    )
    if (isFile) writes.push(put(dbus, machineId, 0o444))
  }
  await Promise.all(writes)
  await setHostname(root, init.hostname)
}

type Put = (path: string, content: string, mode: number) => Promise<void>

async function writeIfChanged(path: string, content: string, mode: number): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === content) return
  await writeFile(path, content, { mode }).catch(async () => {
    // Images ship some of these as links into folders that only their init system makes.
    await rm(path, { force: true })
    await writeFile(path, content, { mode })
  })
}

/** Random bytes of the kernel: this process's own generator has the same state in every copy of a warm image. */
async function randomHex(bytes: number): Promise<string> {
  const urandom = await open('/dev/urandom')
  try {
    const { buffer } = await urandom.read(Buffer.alloc(bytes), 0, bytes)
    return buffer.toString('hex')
  } finally {
    await urandom.close()
  }
}

/** Hosts lines that this daemon owns end in this mark; other lines are the user's. */
const MARK = '# drowse'

async function updateHosts(path: string, hostname: string, put: Put): Promise<void> {
  const existing = await readFile(path, 'utf8').catch(() => '')
  const kept = existing.split('\n').filter((line) => line !== '' && !line.endsWith(MARK))
  if (!kept.some((line) => /^\s*127\.0\.0\.1\s.*\blocalhost\b/.test(line))) {
    kept.unshift('127.0.0.1 localhost', '::1 localhost ip6-localhost ip6-loopback')
  }
  await put(path, [...kept, `127.0.1.1 ${hostname} ${MARK}`, ''].join('\n'), 0o644)
}

async function setHostname(root: string, hostname: string): Promise<void> {
  if (currentHostname() === hostname) return
  // The engine names the guest by its spec where this file cannot be written.
  await writeFile(join(root, 'proc/sys/kernel/hostname'), hostname).catch(() => undefined)
}
