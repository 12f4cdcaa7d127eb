import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { ENVD_VERSION, type EnvdInit } from '@drowse/protocol'
import { startDaemon } from '../daemon.ts'

/** A daemon over a made-up guest: `etc/` and homes in a temporary folder, `user` being nobody where that is possible. */
export interface TestGuest extends AsyncDisposable {
  /** Base of the daemon's URLs. */
  url: string
  /** Folder of the guest's `etc/`; its homes are under it too. */
  root: string
  home: string
  /** Lines that the daemon logged. */
  log: string[]
  init: (init?: Partial<EnvdInit>, headers?: Record<string, string>) => Promise<Response>
}

const IS_ROOT = process.getuid?.() === 0
const USER_ID = IS_ROOT ? 65_534 : (process.getuid?.() ?? 0)

/** Starts a daemon on a free port. */
export async function startTestGuest(): Promise<TestGuest> {
  const root = await mkdtemp(join(tmpdir(), 'drowse-guest-'))
  await chmod(root, 0o755)
  const home = join(root, 'home/user')
  await mkdir(join(root, 'etc'))
  await mkdir(home, { recursive: true })
  if (IS_ROOT) await chown(home, USER_ID, USER_ID)
  await writeFile(
    join(root, 'etc/passwd'),
    [
      `root:x:${IS_ROOT ? 0 : USER_ID}:0:root:${root}:/bin/bash`,
      `user:x:${USER_ID}:${USER_ID}::${home}:/bin/bash`,
      `homeless:x:${USER_ID}:${USER_ID}::/nonexistent:/bin/bash`,
      `grouped:x:${USER_ID}:${USER_ID}::${home}:/bin/bash`,
      '',
    ].join('\n'),
  )
  await writeFile(
    join(root, 'etc/group'),
    `root:x:0:\nuser:x:${USER_ID}:\nsudo:x:27:user,grouped\ncrew:x:4321:grouped\n`,
  )
  const log: string[] = []
  const daemon = await startDaemon({
    host: '127.0.0.1',
    port: 0,
    root,
    path: '/usr/local/bin:/usr/bin:/bin',
    log: (message, error) => log.push(error === undefined ? message : `${message}: ${inspect(error)}`),
  })
  const url = `http://127.0.0.1:${daemon.port}`
  return {
    url,
    root,
    home,
    log,
    init: (init = {}, headers = {}) =>
      fetch(`${url}/init`, { method: 'POST', headers, body: JSON.stringify({ ...baseInit(), ...init }) }),
    async [Symbol.asyncDispose]() {
      await daemon[Symbol.asyncDispose]()
      await rm(root, { recursive: true, force: true })
    },
  }
}

/** What the control plane would answer to a create: enough for a client to talk to a daemon. */
export interface TestApi extends AsyncDisposable {
  url: string
}

/** Starts a control plane that has one sandbox. */
export async function startTestApi(accessToken?: string): Promise<TestApi> {
  const server = createServer((request, response) => {
    request.resume()
    const sandbox = {
      sandboxID: 'itestsandbox000000000',
      clientID: 'test',
      templateID: 'base',
      envdVersion: ENVD_VERSION,
      domain: 'drowse.test',
      ...(accessToken === undefined ? {} : { envdAccessToken: accessToken }),
    }
    response.writeHead(201, { 'Content-Type': 'application/json' }).end(JSON.stringify(sandbox))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function baseInit(): EnvdInit {
  return {
    timestamp: new Date().toISOString(),
    envVars: {},
    hostname: 'guest',
    nameservers: [],
    identity: 'kept',
  }
}
