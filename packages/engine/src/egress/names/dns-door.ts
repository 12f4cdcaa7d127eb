import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { connect, createServer, isIPv4, type Socket as TcpSocket } from 'node:net'
import { decode, encode, RECURSION_DESIRED, TRUNCATED_RESPONSE } from 'dns-packet'
import { listenTcp, type Door } from './listen-tcp.ts'
import type { EgressPolicy } from '../egress-policy.ts'
import { matchesDomain } from './matches-domain.ts'
import type { ProxyContext } from './proxy-context.ts'
import { openServers } from './route.ts'

/** Time, in ms, that a name server has for an answer. */
const ANSWER_TIMEOUT_MS = 5_000
/** Questions under way at once, of all sandboxes; those beyond are dropped, and their resolvers ask again. */
const MAX_QUESTIONS = 1_024
/** Longest answer over UDP that every path and resolver takes, in bytes. */
const UDP_BYTES = 1_232
/** Code of an answer that says no (RFC 1035 §4.1.1). */
const REFUSED = 5

/**
 * Opens the door for DNS questions, on one port for UDP and TCP. While a sandbox's policy opens names, a question about one of them is passed on as it
 * is and any other is refused, so that names cannot carry data out. Questions go to the name servers that the policy lists, if it lists any.
 */
export async function openDnsDoor(context: ProxyContext): Promise<Door> {
  const udp = createSocket('udp4')
  let underWay = 0
  const answer = async (question: Buffer, from: string | undefined): Promise<Buffer | undefined> => {
    const policy = from === undefined ? undefined : context.policyOf(from.replace(/^::ffff:/, ''))
    if (policy === undefined || underWay >= MAX_QUESTIONS) return undefined
    underWay++
    try {
      const servers = policy.dnsServers === undefined ? context.nameservers : openServers(context, policy)
      const isOpen = servers.length > 0 && isAllowed(question, policy)
      return isOpen ? await ask(servers, question, context.signal) : refusal(question)
    } finally {
      underWay--
    }
  }
  await using opening = new AsyncDisposableStack()
  opening.defer(async () => await new Promise<void>((resolve) => udp.close(() => resolve())))
  const tcp = opening.use(
    await listenTcp(
      createServer((socket) => {
        const isTaken = context.connections.add(socket.remoteAddress?.replace(/^::ffff:/, '') ?? '', socket)
        if (!isTaken) {
          socket.destroy()
          return
        }
        socket.setTimeout(ANSWER_TIMEOUT_MS * 2, () => socket.destroy())
        serveTcp(socket, answer).catch(() => socket.destroy())
      }),
    ),
  )
  await bind(udp, tcp.port)
  udp.on('error', (error) => context.logger.warn({ err: error }, 'the DNS door had a failure'))
  udp.on('message', (question, from) => {
    answer(question, from.address)
      .then((reply) => reply !== undefined && sendUdp(udp, reply, from))
      .catch(() => undefined) // no answer, one that cannot be cut, or a door that is closed: the resolver inside asks again or says so
  })
  const parts = opening.move()
  return { port: tcp.port, [Symbol.asyncDispose]: async () => await parts[Symbol.asyncDispose]() }
}

/** Whether a message is one question, and about an open name when only some are. What cannot be read is not. */
function isAllowed(message: Buffer, { domains }: EgressPolicy): boolean {
  try {
    const { type, questions = [] } = decode(message)
    const [question] = questions
    if (type !== 'query' || questions.length !== 1 || question === undefined) return false
    return domains.length === 0 || matchesDomain(question.name, domains)
  } catch {
    return false
  }
}

function refusal(message: Buffer): Buffer | undefined {
  try {
    const { id, questions } = decode(message)
    return encode({ type: 'response', id: id ?? 0, flags: RECURSION_DESIRED | REFUSED, questions: questions ?? [] })
  } catch {
    return undefined
  }
}

/** Asks the name servers one after the other, over TCP: an answer that nobody can forge, of any length. */
async function ask(servers: readonly string[], question: Buffer, signal: AbortSignal): Promise<Buffer | undefined> {
  for (const server of servers) {
    const answer = await askOne(server, question, signal).catch(() => undefined)
    if (answer !== undefined) return answer
  }
  return undefined
}

async function askOne(server: string, question: Buffer, signal: AbortSignal): Promise<Buffer> {
  const [host = '', port = '53'] = isIPv4(server) ? [server] : server.split(':')
  const socket = connect({ host, port: Number(port), signal })
  try {
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')))
    socket.write(framed(question))
    for await (const answer of messagesOf(socket)) return answer
    throw new Error('the connection ended')
  } finally {
    socket.destroy()
  }
}

async function serveTcp(
  socket: TcpSocket,
  answer: (question: Buffer, from: string | undefined) => Promise<Buffer | undefined>,
): Promise<void> {
  for await (const question of messagesOf(socket)) {
    const reply = await answer(question, socket.remoteAddress)
    if (reply === undefined) break
    socket.write(framed(reply))
  }
  socket.end()
}

/** Takes messages with a length of two bytes before each (RFC 1035 §4.2.2) out of a stream. */
async function* messagesOf(socket: TcpSocket): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0)
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= 2 && rest.length >= 2 + rest.readUInt16BE(0)) {
      const end = 2 + rest.readUInt16BE(0)
      yield rest.subarray(2, end)
      rest = rest.subarray(end)
    }
  }
}

function framed(message: Buffer): Buffer {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(message.length)
  return Buffer.concat([length, message])
}

function sendUdp(udp: Socket, reply: Buffer, from: RemoteInfo): void {
  udp.send(fitting(reply), from.port, from.address)
}

/** An answer that is too long for UDP is cut after its header and marked, so that the resolver asks over TCP. */
function fitting(reply: Buffer): Buffer {
  if (reply.length <= UDP_BYTES) return reply
  const { id, questions, flags } = decode(reply)
  return encode({ type: 'response', id: id ?? 0, flags: (flags ?? 0) | TRUNCATED_RESPONSE, questions: questions ?? [] })
}

async function bind(udp: Socket, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    udp.once('error', reject)
    udp.bind(port, '0.0.0.0', () => {
      udp.off('error', reject)
      resolve()
    })
  })
}
