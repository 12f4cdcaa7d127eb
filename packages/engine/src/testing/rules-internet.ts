import type { NetworkLab } from './network-lab.ts'

/** An internet for tests of rules; see {@link rulesInternetProgram}. */
export interface RulesInternet {
  /** Authority (PEM) that its servers' certificates are of. */
  ca: string
  /** What the SOCKS servers were asked for since the last call, each as `user name-or-address:port`. */
  proxied(): Promise<string[]>
}

/** Names that its name servers know; `only` is for the second one alone. Those that begin with `bad.` have the certificate of another name. */
export interface RulesNames {
  known: Readonly<Record<string, string>>
  only: Readonly<Record<string, string>>
  nameservers: readonly [string, string]
}

/** Credentials that its SOCKS servers want. */
export const SOCKS_LOGIN = { username: 'someone', password: 'socks-secret' }

/** What plays the internet, to be started in a namespace that has its addresses. */
export interface RulesInternetProgram {
  /** Text of an ES module. It prints "ready", and after each line on its input what {@link RulesInternet.proxied} gives, as JSON. */
  text: string
  ca: string
}

/**
 * Makes the program of an internet: HTTP on 80 and HTTPS on 443, which answer what they were asked as JSON (and echo after an
 * upgrade); a greeting with the caller's address on 7001; SOCKS5 on 1080, over TLS on 1081 (its certificate is for `socks.test`) and, without
 * credentials, on 1082; name servers.
 */
export async function rulesInternetProgram(names: RulesNames): Promise<RulesInternetProgram> {
  const { issueAuthority, issueServerCertificate } = await import('@drowse/certificates')
  const nowMs = Date.now()
  const authority = await issueAuthority({ commonName: 'The internet', nowMs })
  const certificates: Record<string, { key: string; cert: string }> = {}
  for (const name of [...Object.keys({ ...names.known, ...names.only }), 'socks.test']) {
    if (name.startsWith('bad.')) continue
    certificates[name] = await issueServerCertificate(authority, {
      commonName: name,
      dns: [name],
      lifeMs: 86_400_000,
      nowMs,
    })
  }
  return { text: programText({ ...names, certificates, login: SOCKS_LOGIN }), ca: authority.cert }
}

/** Starts the internet in the namespace `internet` of a lab. */
export async function startRulesInternet(lab: NetworkLab, names: RulesNames): Promise<RulesInternet> {
  const { text, ca } = await rulesInternetProgram(names)
  const program = await lab.start('internet', text)
  return {
    ca,
    async proxied() {
      program.write('')
      return JSON.parse(String((await program.lines.next()).value)) as string[] // printed by the program
    },
  }
}

function programText(given: object): string {
  return `
    import { createSocket } from 'node:dgram'
    import { createServer as createHttp } from 'node:http'
    import { createServer as createHttps } from 'node:https'
    import { createServer, connect } from 'node:net'
    import { createInterface } from 'node:readline'
    import { createSecureContext, createServer as createTls } from 'node:tls'
    import { decode, encode } from 'dns-packet'
    const { known, only, nameservers, certificates, login } = ${JSON.stringify(given)}
    const up = (server, port, host = '0.0.0.0') => new Promise((resolve) =>
      server.on('error', () => {}).on('tlsClientError', () => {}).listen(port, host, resolve))

    const echo = (request, response) => {
      let body = ''
      request.on('data', (chunk) => (body += chunk)).on('end', () => {
        const { method, url, rawHeaders, socket } = request
        response.writeHead(url === '/teapot' ? 418 : 200, { 'X-Answer': 'yes', 'Alt-Svc': 'h3=":443"' })
        response.end(JSON.stringify({ method, url, headers: rawHeaders, body, at: socket.localAddress, from: socket.remoteAddress, protocol: socket.alpnProtocol }))
      })
    }
    const upgrade = (request, socket) => {
      socket.on('error', () => {})
      if (request.url === '/refuse') return socket.end('HTTP/1.1 401 Unauthorized\\r\\nContent-Length: 2\\r\\n\\r\\nno')
      socket.write('HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\nX-Length: ' + String(request.headers.authorization).length + '\\r\\n\\r\\n')
      socket.pipe(socket)
    }
    const SNICallback = (name, done) => done(null, createSecureContext(certificates[name] ?? certificates['socks.test']))
    await up(createHttp(echo).on('upgrade', upgrade), 80)
    await up(createHttps({ SNICallback, ALPNProtocols: ['h2', 'http/1.1'] }, echo).on('upgrade', upgrade), 443)
    await up(createServer((socket) => socket.on('error', () => {}).end(socket.remoteAddress)), 7001)
    await up(createServer((socket) => socket.on('error', () => {}).pipe(socket)), 7002)

    const asked = []
    const socks = (needsLogin) => (socket) => {
      socket.on('error', () => {})
      let buffer = Buffer.alloc(0)
      let waiting
      socket.on('data', (chunk) => { buffer = Buffer.concat([buffer, chunk]); waiting?.() })
      const take = async (count) => {
        while (buffer.length < count) await new Promise((resolve) => (waiting = resolve))
        const taken = buffer.subarray(0, count)
        buffer = buffer.subarray(count)
        return taken
      }
      const text = async () => String(await take((await take(1))[0]))
      const serve = async () => {
        const [, methods] = await take(2)
        const offered = await take(methods)
        let user = '-'
        if (needsLogin) {
          if (!offered.includes(2)) return socket.end(Buffer.from([5, 255]))
          socket.write(Buffer.from([5, 2]))
          await take(1)
          user = await text()
          const isRight = user === login.username && (await text()) === login.password
          socket.write(Buffer.from([1, isRight ? 0 : 1]))
          if (!isRight) return socket.end()
        } else socket.write(Buffer.from([5, 0]))
        const [, , , kind] = await take(4)
        const host = kind === 3 ? await text() : [...(await take(4))].join('.')
        const port = (await take(2)).readUInt16BE(0)
        asked.push(user + ' ' + host + ':' + port)
        const target = connect({ host: { ...known, ...only }[host] ?? host, port })
        target.on('error', () => socket.end(Buffer.from([5, 5, 0, 1, 0, 0, 0, 0, 0, 0])))
        target.on('connect', () => {
          socket.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
          socket.removeAllListeners('data')
          target.write(buffer)
          socket.pipe(target).pipe(socket)
        })
        socket.on('close', () => target.destroy())
      }
      serve().catch(() => socket.destroy())
    }
    await up(createServer(socks(true)), 1080)
    await up(createTls(certificates['socks.test'], socks(true)), 1081)
    await up(createServer(socks(false)), 1082)

    for (const [at, address] of nameservers.entries()) {
      const names = at === 0 ? known : { ...known, ...only }
      const reply = (message) => {
        const { id, questions } = decode(message)
        const data = names[questions[0].name]
        return encode({ type: 'response', id, questions, answers: data === undefined ? [] : [{ type: 'A', name: questions[0].name, data }] })
      }
      const udp = createSocket('udp4')
      udp.on('message', (message, from) => udp.send(reply(message), from.port, from.address))
      await new Promise((resolve) => udp.bind(53, address, resolve))
      await up(createServer((socket) => socket.on('error', () => {}).on('data', (chunk) => {
        const answer = reply(chunk.subarray(2))
        const length = Buffer.alloc(2)
        length.writeUInt16BE(answer.length)
        socket.write(Buffer.concat([length, answer]))
      })), 53, address)
    }
    console.log('ready')
    for await (const _ of createInterface({ input: process.stdin })) console.log(JSON.stringify(asked.splice(0)))`
}
