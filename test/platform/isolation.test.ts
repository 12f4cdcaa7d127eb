import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Sandbox } from 'e2b'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { killAfterEach } from './support/sandboxes.ts'

describe('a sandbox', () => {
  const keep = killAfterEach()
  let hostServer: Server
  beforeAll(async () => {
    hostServer = createServer((_, response) => response.end('host service')).listen(0, '0.0.0.0')
    await once(hostServer, 'listening')
  })
  afterAll(() => void hostServer.close())

  /** Whether a TCP connection from inside gets through within two seconds. */
  async function reaches(sandbox: Sandbox, host: string, port: number): Promise<boolean> {
    const { stdout } = await sandbox.commands.run(
      `timeout 2 bash -c 'exec 3<>/dev/tcp/${host}/${port}' 2>/dev/null && echo open || echo closed`,
    )
    return stdout.trim() === 'open'
  }

  async function gatewayOf(sandbox: Sandbox): Promise<{ own: string; gateway: string }> {
    const own =
      (await sandbox.commands.run('hostname -I || ip -4 -o addr')).stdout.match(/10\.24\d\.\d+\.\d+/)?.[0] ?? ''
    expect(own).not.toBe('')
    const octets = own.split('.').map(Number)
    return { own, gateway: [...octets.slice(0, 3), (octets[3] ?? 0) - 1].join('.') }
  }

  it("does not reach the host's own services, metadata addresses or another sandbox", async () => {
    const [one, two] = [keep(await Sandbox.create()), keep(await Sandbox.create())]
    const { gateway } = await gatewayOf(one)
    const { own: neighbour } = await gatewayOf(two)
    const hostPort = (hostServer.address() as AddressInfo).port
    await two.commands.run('python3 -m http.server 8000', { background: true, timeoutMs: 0 })
    const servicePort = Number(inject('installation').env.DROWSE_HTTP_PORT)

    expect(await reaches(one, '127.0.0.1', 49983)).toBe(true)
    expect(await reaches(one, gateway, hostPort)).toBe(false)
    expect(await reaches(one, gateway, servicePort)).toBe(false)
    expect(await reaches(one, neighbour, 8000)).toBe(false)
    expect(await reaches(one, neighbour, 49983)).toBe(false)
    expect(await reaches(one, '169.254.169.254', 80)).toBe(false)
  })

  it('is a Debian machine with its tools, a user with sudo, and a name of its own', async () => {
    const [one, two] = [keep(await Sandbox.create()), keep(await Sandbox.create())]
    const run = async (command: string): Promise<string> => (await one.commands.run(command)).stdout.trim()
    expect(await run('sudo -n whoami')).toBe('root')
    expect(await run('id -u; id -un; echo $HOME')).toBe('1000\nuser\n/home/user')
    expect(
      await run('python3 -c "print(6*7)"; node -p 6*7; npm --version >/dev/null && git --version | cut -d" " -f1'),
    ).toBe('42\n42\ngit')
    expect(
      await run(
        'python3 -m venv --without-pip /tmp/v && /tmp/v/bin/python -c "print(1)"; pip --version >/dev/null && echo pip',
      ),
    ).toBe('1\npip')
    const names = await Promise.all(
      [one, two].map(async (sandbox) => (await sandbox.commands.run('hostname; cat /etc/machine-id')).stdout),
    )
    expect(names[0]).not.toBe(names[1])
  })
})
