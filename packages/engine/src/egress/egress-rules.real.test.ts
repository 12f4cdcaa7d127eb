import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startEgressHost, type EgressHost } from '../testing/egress-host.ts'
import { NetworkLab } from '../testing/network-lab.ts'
import { SOCKS_LOGIN, startRulesInternet, type RulesInternet } from '../testing/rules-internet.ts'
import type { EgressPolicy } from './egress-policy.ts'

const SUBNET = '10.231.2.0/24'
const [API, OTHER, SOCKS, DNS, DNS2] = ['203.0.113.10', '203.0.113.20', '203.0.113.60', '203.0.113.53', '203.0.113.54']
const PRIVATE = '10.99.0.1'
const WITHIN = '10.98.7.9'
/** Where the operator lets owners have proxies in private networks. */
const PLACES = [`${PRIVATE}:1082`, '10.98.0.0/16:1080']
/** The host's own address on the way out, from which direct connections come. */
const HOST = '203.0.113.1'
const SECRET = 'Bearer secret-of-the-owner'
const OPEN: EgressPolicy = { allow: [], deny: [], domains: [] }
const headers = [{ domain: 'api.test', headers: { Authorization: SECRET } }]

/** What an echo server says that it was asked. */
interface Echo {
  status: number
  method: string
  url: string
  headers: string[]
  body: string
  at: string
  from: string
  answer: string[]
}

/** A sandbox `a` on a host of its own, with an internet of web servers, SOCKS5 proxies and name servers, all in namespaces. */
describe('rules that change the way out', () => {
  const instance = randomBytes(3).toString('hex')
  const lab = new NetworkLab(`drowse-${instance}`)
  let directory: string
  let internet: RulesInternet
  let host: EgressHost

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'drowse-egress-'))
    await lab.addHost({ instance, subnet: SUBNET, addresses: [API, OTHER, SOCKS, DNS, DNS2, PRIVATE, WITHIN] })
    internet = await startRulesInternet(lab, {
      known: {
        'api.test': API,
        'bad.test': API,
        'other.test': OTHER,
        'inside.test': PRIVATE,
        'host.test': HOST,
        'socks.test': SOCKS,
      },
      only: { 'only.test': API },
      nameservers: [DNS, DNS2],
    })
    const address = '10.231.2.2'
    const made = {
      instance,
      subnet: SUBNET,
      address,
      nameservers: [DNS],
      directory,
      upstreamCa: internet.ca,
      proxyPlaces: PLACES,
    }
    host = await startEgressHost(lab, made)
  })
  beforeEach(async () => void (await internet.proxied()))

  afterAll(async () => {
    await lab[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  })

  /** Runs the body of an async function in the sandbox with some helpers, and gives what it returns. */
  async function guest<T>(body: string): Promise<T> {
    const text = await lab.run('a', guestProgram(body, `${host.authority}${internet.ca}`))
    return JSON.parse(text) as T // printed by the program
  }
  const ask = async (url: string, at: string, options: object = {}): Promise<Echo | string> =>
    await guest(`return await ask(${JSON.stringify(url)}, ${JSON.stringify(at)}, ${JSON.stringify(options)})`)
  const greeting = async (at: string): Promise<string> => await guest(`return await greeting('${at}')`)

  describe('headers', () => {
    test('reach a name over HTTP and HTTPS, replace what the guest sent, and leave the rest of a request as it is', async () => {
      await host.tell({ ...OPEN, headers })
      for (const scheme of ['http', 'https']) {
        const sent = { method: 'POST', body: 'hello', headers: { authorization: 'guess', 'X-Mine': '1' } }
        const echo = (await ask(`${scheme}://api.test/path?q=1`, API, sent)) as Echo
        expect(echo).toMatchObject({
          status: 200,
          method: 'POST',
          url: '/path?q=1',
          body: 'hello',
          at: API,
          from: HOST,
        })
        expect(values(echo, 'authorization')).toEqual([SECRET])
        expect(values(echo, 'x-mine')).toEqual(['1'])
        expect(values(echo, 'host')).toEqual(['api.test'])
        expect(echo.answer).toContain('X-Answer')
        expect(echo.answer).not.toContain('Alt-Svc')
      }
      expect(await ask('https://api.test/teapot', API)).toMatchObject({ status: 418 })
    })

    test('reach the server of the name only, whatever is dialled, and no other name', async () => {
      await host.tell({ ...OPEN, headers })
      for (const scheme of ['http', 'https']) {
        expect(await ask(`${scheme}://api.test/`, OTHER)).toMatchObject({ at: API })
        const other = (await ask(`${scheme}://other.test/`, OTHER)) as Echo
        expect(other).toMatchObject({ status: 200, at: OTHER })
        expect(values(other, 'authorization')).toEqual([])
        // A name within a connection for another name: neither gets what is not its own.
        const front = await ask(`${scheme}://api.test/`, API, { headers: { host: 'other.test' } })
        expect(JSON.stringify(front)).not.toContain('secret')
      }
      const second = `POST / HTTP/1.1\r\nHost: other.test\r\nContent-Length: 0\r\n\r\n`
      const both = `GET / HTTP/1.1\r\nHost: api.test\r\n\r\n${second}`
      const answers = await guest<string>(`return await raw('${API}', 80, ${JSON.stringify(both)})`)
      expect(answers.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 421'])
    })

    test('are given back by no TRACE, and over TLS to no server that is not the name', async () => {
      await host.tell({ ...OPEN, headers: [...headers, { domain: 'bad.test', headers: { Authorization: SECRET } }] })
      for (const scheme of ['http', 'https']) {
        expect(await ask(`${scheme}://api.test/`, API, { method: 'TRACE' })).toMatchObject({ status: 405 })
      }
      // Its certificate is for another name.
      expect(await ask('https://bad.test/', API)).toBe('closed')
      expect(await ask('http://bad.test/', API)).toMatchObject({ status: 200 })
    })

    test('come with an upgrade, whose bytes then pass both ways', async () => {
      await host.tell({ ...OPEN, headers })
      for (const scheme of ['http', 'https']) {
        const answer = await guest<string>(`return await upgrade('${scheme}://api.test/socket', '${API}')`)
        expect(answer).toBe(`101 ${SECRET.length} echo`)
        expect(await guest<string>(`return await upgrade('${scheme}://api.test/refuse', '${API}')`)).toBe('401')
      }
    })

    test('open nothing that is denied, nor a private network or the host', async () => {
      const all = [...headers, ...['inside.test', 'host.test'].map((domain) => ({ domain, headers: { A: 'b' } }))]
      await host.tell({ ...OPEN, headers: all, deny: [API] })
      for (const name of ['api.test', 'inside.test', 'host.test']) {
        for (const scheme of ['http', 'https']) {
          for (const at of [API, OTHER]) expect(await ask(`${scheme}://${name}/`, at)).toBe('closed')
        }
      }
      await host.tell({ ...OPEN, headers, deny: ['0.0.0.0/0'], domains: ['api.test'] })
      const echo = (await ask('https://api.test/', OTHER)) as Echo
      expect(values(echo, 'authorization')).toEqual([SECRET])
      expect(await ask('https://other.test/', OTHER)).toBe('closed')
    })

    test('leave other protocols on their ports alone, and another policy ends connections', async () => {
      await host.tell({ ...OPEN, headers })
      expect(await guest<string>(`return await raw('${OTHER}', 80, '\\x00\\x01 nonsense\\r\\n\\r\\n')`)).toMatch(
        /400 Bad/,
      )
      const program = await lab.start(
        'a',
        `import { connect } from 'node:net'
         const socket = connect({ host: '${API}', port: 80 }, () => { socket.write('GET / HTTP/1.1\\r\\nHost: api.test\\r\\n\\r\\n') })
         socket.once('data', () => console.log('ready'))
         socket.on('error', () => {}).on('close', () => console.log('closed'))`,
      )
      await host.tell({ ...OPEN, headers: [] })
      expect((await program.lines.next()).value).toBe('closed')
    })

    test('are not for a neighbour, whatever source it forges', async () => {
      await host.tell({ ...OPEN, headers })
      const asNeighbour = async (localAddress?: string): Promise<Echo | string> =>
        JSON.parse(
          await lab.run(
            'b',
            guestProgram(
              `return await ask('http://api.test/', '${API}', ${JSON.stringify({ localAddress })})`,
              internet.ca,
            ),
          ),
        ) as Echo | string
      expect(values((await asNeighbour()) as Echo, 'authorization')).toEqual([])
      await lab.ip('b', ['addr', 'add', '10.231.2.2/32', 'dev', 'eth0'])
      expect(await asNeighbour('10.231.2.2')).toBe('closed')
      await lab.ip('b', ['addr', 'del', '10.231.2.2/32', 'dev', 'eth0'])
    })

    test('need an authority whose key only root reads, and which a restart keeps', async () => {
      const path = join(directory, 'egress-authority.pem')
      expect((await stat(path)).mode & 0o777).toBe(0o600)
      const again = await lab.run(
        'host',
        `import { openEgressAuthority } from '../egress/authority/egress-authority.ts'
         console.log(JSON.stringify((await openEgressAuthority('${path}')).cert))`,
      )
      expect(JSON.parse(again)).toBe(host.authority)
    })
  })

  describe('a proxy', () => {
    const proxy = { host: 'socks.test', port: 1080, ...SOCKS_LOGIN }

    test('takes every TCP connection, with its credentials', async () => {
      await host.tell({ ...OPEN, proxy })
      expect(await greeting(OTHER)).not.toBe(HOST)
      expect(await ask('https://other.test/', OTHER)).toMatchObject({
        at: OTHER,
        from: expect.not.stringContaining(HOST),
      })
      expect(await internet.proxied()).toEqual([`someone ${OTHER}:7001`, `someone ${OTHER}:443`])
      // UDP is not for a SOCKS5 CONNECT.
      expect(await guest<string[]>(`return await lookUp('${DNS}', 'api.test')`)).toEqual([API])
    })

    test('by address, without credentials, or over TLS, verified', async () => {
      await host.tell({ ...OPEN, proxy: { host: SOCKS, port: 1082 } })
      expect(await greeting(OTHER)).not.toBe(HOST)
      const tls = { ...proxy, port: 1081, tls: { caCert: internet.ca } }
      await host.tell({ ...OPEN, proxy: tls })
      expect(await greeting(OTHER)).not.toBe(HOST)
      expect(await internet.proxied()).toEqual([`- ${OTHER}:7001`, `someone ${OTHER}:7001`])
      for (const wrong of [{}, { caCert: internet.ca, serverName: 'else.test' }]) {
        await host.tell({ ...OPEN, proxy: { ...tls, tls: wrong } })
        expect(await greeting(OTHER)).toBe('closed')
      }
    })

    test('that cannot be reached, refuses, or is in a private network lets nothing out', async () => {
      const broken = [
        { ...proxy, port: 1099 },
        { ...proxy, password: 'wrong-secret' },
        { host: SOCKS, port: 1080 },
        { ...proxy, host: 'inside.test' },
        { ...proxy, host: 'nowhere.test' },
        { ...proxy, port: 7002 },
      ]
      for (const each of broken) {
        await host.tell({ ...OPEN, proxy: each })
        expect(await greeting(OTHER)).toBe('closed')
        expect(await ask('http://other.test/', OTHER)).toBe('closed')
      }
    })

    test('in a private network is used where the operator has named it, by address or name, and nothing else is open there', async () => {
      for (const named of [
        { host: PRIVATE, port: 1082 },
        { host: 'inside.test', port: 1082 },
        { ...proxy, host: WITHIN, port: 1080 },
      ]) {
        await host.tell({ ...OPEN, proxy: named })
        expect([named.host, await greeting(OTHER)]).toEqual([
          named.host,
          expect.not.stringMatching(`^(${HOST}|closed)$`),
        ])
      }
      for (const hidden of [PRIVATE, HOST]) expect(await greeting(hidden)).toBe('closed')
      expect(await internet.proxied()).toEqual([`- ${OTHER}:7001`, `- ${OTHER}:7001`, `someone ${OTHER}:7001`])
      // Another port of the address, and another address with the port.
      for (const other of [
        { ...proxy, host: PRIVATE, port: 1080 },
        { host: WITHIN, port: 1082 },
      ]) {
        await host.tell({ ...OPEN, proxy: other })
        expect(await greeting(OTHER)).toBe('closed')
      }
    })

    test('comes after the rules, is told names that they open, and gets requests with their headers', async () => {
      await host.tell({ ...OPEN, deny: ['0.0.0.0/0'], domains: ['api.test'], proxy, headers })
      expect(await greeting(OTHER)).toBe('closed')
      const echo = (await ask('https://api.test/', OTHER)) as Echo
      expect(values(echo, 'authorization')).toEqual([SECRET])
      expect(await internet.proxied()).toEqual(['someone api.test:443'])
      await host.tell({ ...OPEN, deny: [OTHER], proxy })
      expect(await greeting(OTHER)).toBe('closed')
      for (const hidden of [PRIVATE, HOST]) expect(await greeting(hidden)).toBe('closed')
      expect(await internet.proxied()).toEqual([])
    })

    test('takes over from connections that went out without it', async () => {
      await host.tell(undefined)
      const program = await lab.start(
        'a',
        `import { connect } from 'node:net'
         const socket = connect({ host: '${OTHER}', port: 7002 })
         socket.on('data', () => { console.log('ready'); socket.removeAllListeners('data').resume() })
         socket.on('error', () => {}).on('close', () => { console.log('closed'); process.exit() })
         setInterval(() => socket.write('x'), 20)`,
      )
      await host.tell({ ...OPEN, proxy })
      expect((await program.lines.next()).value).toBe('closed')
    })
  })

  describe('name servers', () => {
    const resolve = async (name: string, server = DNS): Promise<string[] | string> =>
      await guest(`return await lookUp('${server}', '${name}')`)

    test('that are listed alone are asked, whichever the guest asks', async () => {
      await host.tell({ ...OPEN, dnsServers: [DNS2] })
      expect(await resolve('only.test')).toEqual([API])
      expect(await resolve('only.test', '198.51.100.9')).toEqual([API])
      await host.tell({ ...OPEN, dnsServers: [DNS] })
      expect(await resolve('only.test', DNS2)).toBe('closed')
    })

    test('none means no DNS; denied and private ones are not asked; names are still the only ones', async () => {
      await host.tell({ ...OPEN, dnsServers: [] })
      expect(await resolve('api.test')).toBe('closed')
      await host.tell({ ...OPEN, deny: [DNS2], dnsServers: [DNS2] })
      expect(await resolve('only.test')).toBe('closed')
      await host.tell({ ...OPEN, dnsServers: [PRIVATE] })
      expect(await resolve('api.test')).toBe('closed')
      await host.tell({ ...OPEN, deny: ['0.0.0.0/0'], domains: ['only.test'], dnsServers: [DNS2] })
      expect(await resolve('only.test')).toEqual([API])
      expect(await resolve('api.test')).toBe('closed')
      expect(await ask('https://only.test/', OTHER)).toMatchObject({ at: API })
    })
  })
})

function values({ headers: raw }: Echo, name: string): string[] {
  return raw.filter((_, at) => at % 2 === 1 && raw[at - 1]?.toLowerCase() === name)
}

/** A program with helpers for its body. `ca` is what it trusts. */
function guestProgram(body: string, ca: string): string {
  return `
    import { connect } from 'node:net'
    import { request as plain } from 'node:http'
    import { request as secure } from 'node:https'
    import { Resolver } from 'node:dns/promises'
    const ca = ${JSON.stringify(ca)}.split(/(?<=-----END CERTIFICATE-----)/).slice(0, -1)
    const open = (url, at, { method = 'GET', headers = {}, localAddress } = {}) => {
      const { protocol, hostname, pathname, search } = new URL(url)
      const request = protocol === 'https:' ? secure : plain
      return request({ host: at, servername: hostname, ca, method, path: pathname + search, headers: { host: hostname, ...headers }, localAddress, agent: false, timeout: 6000 })
    }
    const ask = (url, at, options = {}) => new Promise((resolve) => {
      const sent = open(url, at, options)
      sent.on('error', () => resolve('closed')).on('timeout', () => resolve('closed'))
      sent.on('response', (response) => {
        let text = ''
        response.on('data', (chunk) => (text += chunk)).on('error', () => resolve('closed'))
        response.on('end', () => {
          const { statusCode: status, rawHeaders: answer } = response
          if (status === 502) return resolve('closed')
          resolve({ status, answer, ...(text.startsWith('{') ? JSON.parse(text) : { text }) })
        })
      })
      sent.end(options.body)
    })
    const upgrade = (url, at) => new Promise((resolve) => {
      const sent = open(url, at, { headers: { connection: 'Upgrade', upgrade: 'websocket' } })
      sent.on('error', () => resolve('closed')).on('response', (response) => resolve(String(response.statusCode)))
      sent.on('upgrade', (response, socket) => {
        socket.on('data', (chunk) => resolve([response.statusCode, response.headers['x-length'], chunk].join(' ')))
        socket.write('echo')
      })
      sent.end()
    })
    const raw = (host, port, text) => new Promise((resolve) => {
      let all = ''
      const socket = connect({ host, port }, () => socket.write(text))
      socket.on('data', (chunk) => (all += chunk)).on('error', () => resolve('closed')).on('close', () => resolve(all))
      socket.setTimeout(6000, () => socket.destroy())
    })
    const greeting = (host) => new Promise((resolve) => {
      let all = ''
      const socket = connect({ host, port: 7001 })
      socket.on('data', (chunk) => (all += chunk)).on('error', () => resolve('closed')).on('close', () => resolve(all || 'closed'))
      socket.setTimeout(6000, () => socket.destroy())
    })
    const lookUp = async (server, name) => {
      const resolver = new Resolver({ timeout: 3000, tries: 1 })
      resolver.setServers([server])
      return await resolver.resolve4(name).catch(() => 'closed')
    }
    const main = async () => { ${body} }
    console.log(JSON.stringify(await main()))
    process.exit(0)`
}
