import { closeSync, lstatSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { hostname as currentHostname } from 'node:os'
import { join } from 'node:path'
import type { EnvdInit } from '@drowse/protocol'
import type { Log } from '../log.ts'

/**
 * Writes what makes this guest itself: host name, hosts, resolver and, for a fresh identity, the machine id.
 * Files that already say so are left alone. An image that refuses a write (read-only, no such folder) is logged, not failed.
 *
 * It asks the file system directly: in gVisor a call takes a tenth of a trip to Node's thread pool, and a create waits for these.
 */
export function writeIdentity(root: string, init: EnvdInit, log: Log): void {
  const etc = (name: string): string => join(root, 'etc', name)
  const put: Put = (path, content, mode) => {
    try {
      writeIfChanged(path, content, mode)
    } catch (error) {
      log(`Cannot write "${path}"`, error)
    }
  }
  put(etc('hostname'), `${init.hostname}\n`, 0o644)
  updateHosts(etc('hosts'), init.hostname, put)
  if (init.nameservers.length > 0) {
    put(etc('resolv.conf'), init.nameservers.map((server) => `nameserver ${server}\n`).join(''), 0o644)
  }
  if (init.identity === 'fresh') {
    const machineId = `${randomHex(16)}\n`
    put(etc('machine-id'), machineId, 0o444)
    // D-Bus's own copy is mostly a link to the one above; a real file there would keep the old identity.
    const dbus = join(root, 'var/lib/dbus/machine-id')
    if (lstatSync(dbus, { throwIfNoEntry: false })?.isFile() === true) put(dbus, machineId, 0o444)
  }
  setHostname(root, init.hostname)
}

type Put = (path: string, content: string, mode: number) => void

function writeIfChanged(path: string, content: string, mode: number): void {
  if (read(path) === content) return
  try {
    writeFileSync(path, content, { mode })
  } catch {
    // Images ship some of these as links into folders that only their init system makes.
    rmSync(path, { force: true })
    writeFileSync(path, content, { mode })
  }
}

/** Empty for a file that cannot be read. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Random bytes of the kernel: this process's own generator has the same state in every copy of a warm image. */
function randomHex(bytes: number): string {
  const urandom = openSync('/dev/urandom', 'r')
  try {
    const buffer = Buffer.alloc(bytes)
    readSync(urandom, buffer, 0, bytes, null)
    return buffer.toString('hex')
  } finally {
    closeSync(urandom)
  }
}

/** Hosts lines that this daemon owns end in this mark; other lines are the user's. */
const MARK = '# drowse'

function updateHosts(path: string, hostname: string, put: Put): void {
  const kept = read(path)
    .split('\n')
    .filter((line) => line !== '' && !line.endsWith(MARK))
  if (!kept.some((line) => /^\s*127\.0\.0\.1\s.*\blocalhost\b/.test(line))) {
    kept.unshift('127.0.0.1 localhost', '::1 localhost ip6-localhost ip6-loopback')
  }
  put(path, [...kept, `127.0.1.1 ${hostname} ${MARK}`, ''].join('\n'), 0o644)
}

function setHostname(root: string, hostname: string): void {
  if (currentHostname() === hostname) return
  try {
    writeFileSync(join(root, 'proc/sys/kernel/hostname'), hostname)
  } catch {
    // The engine names the guest by its spec where this file cannot be written.
  }
}
