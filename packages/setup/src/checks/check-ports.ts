import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { createServer } from 'node:net'
import { exec } from '@drowse/common'
import type { SetupContext } from '../context.ts'
import { findRunningService } from '../service/service-record.ts'
import type { Finding } from './finding.ts'

/** Checks that the doors can be opened, or are open already and ours. */
export async function checkPorts({ config, folder }: SetupContext): Promise<Finding> {
  const name = 'ports'
  const service = await findRunningService(folder)
  const own = service === undefined ? [] : [service.httpPort, service.httpsPort, service.sshPort]
  const doors = [
    { port: config.httpPort, variable: 'DROWSE_HTTP_PORT' },
    { port: config.httpsPort, variable: 'DROWSE_HTTPS_PORT' },
    ...(config.sshPort === undefined ? [] : [{ port: config.sshPort, variable: 'DROWSE_SSH_PORT' }]),
  ]
  for (const { port, variable } of doors.filter((door) => door.port !== 0 && !own.includes(door.port))) {
    for (const address of config.bindAddresses) {
      const problem = await listenProblem(address, port)
      if (problem === undefined) continue
      return {
        name,
        status: 'fail',
        detail: `port ${port} on ${address} cannot be opened: ${problem}`,
        fix: `Stop the other program, or set ${variable} to another port.`,
      }
    }
  }
  const state = service === undefined ? 'free' : 'open and ours'
  return { name, status: 'ok', detail: `${doors.map((door) => door.port).join(', ')} ${state}` }
}

/** Tries to listen for a moment. `undefined` when it works or when the host has no such address at all. */
async function listenProblem(address: string, port: number): Promise<string | undefined> {
  const server = createServer()
  const code = await new Promise<string | undefined>((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
  if (code === undefined) return undefined
  // A host without IPv6 has no ::1; the service leaves that address out.
  if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return undefined
  if (code !== 'EADDRINUSE') return code
  const owner = await portOwner(port)
  return owner === undefined ? 'it is in use' : `${owner} uses it`
}

async function portOwner(port: number): Promise<string | undefined> {
  try {
    const { stdout } = await exec('ss', ['-Hltnp', `sport = :${port}`], { timeoutMs: 5_000 })
    const [, program, pid] = /users:\(\("([^"]+)",pid=(\d+)/.exec(stdout) ?? []
    return program === undefined ? undefined : `${(await programOf(Number(pid))) ?? program} (pid ${pid})`
  } catch {
    return undefined // no ss on a bare machine: the port's number has to do
  }
}

/** Name of a process's program; what `ss` tells is that of a thread, which some programs name anew (Node's is "MainThread"). */
async function programOf(pid: number): Promise<string | undefined> {
  try {
    const [path = ''] = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')
    return path === '' ? undefined : basename(path)
  } catch {
    return undefined // it has ended meanwhile
  }
}
