import { isIP } from 'node:net'

/** A name, an IPv4 address, or an IPv6 address in brackets, with or without a port (RFC 3986 §3.2); as no list and no user, and in ASCII. */
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+;=%-]*)(?::\d*)?$/

/** Whether a Host header can be what one is; an empty one is. Servers read what is none in different ways. */
export function isHost(host: string): boolean {
  return HOST.test(host.trim())
}

/** A Host header's name, without port, brackets or trailing dot, in lower case. */
export function hostnameOf(host: string): string {
  const trimmed = host.trim().toLowerCase()
  const bracketed = /^\[([^\]]*)\](?::\d*)?$/.exec(trimmed)
  if (bracketed !== null) return bracketed[1] ?? ''
  return trimmed.replace(/:\d*$/, '').replace(/\.$/, '')
}

/** `<port>-<id>` or `<port>-<id>-<client>` as the first label of a name with at least two. */
const SANDBOX_NAME = /^(\d+)-([a-z0-9]+)(?:-[a-z0-9]+)?\../

/** The port and sandbox id that a name spells, unchecked; `undefined` when it is not the name of a sandbox. */
export function parseSandboxName(hostname: string): { port: string; id: string } | undefined {
  const match = SANDBOX_NAME.exec(hostname)
  return match === null ? undefined : { port: match[1] ?? '', id: match[2] ?? '' }
}

/** Whether a name is one under which routing headers are honoured: loopback names, addresses, and the platform's own names. */
export function isOwnName(hostname: string, domain: string): boolean {
  return (
    hostname === '' ||
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    isIP(hostname) !== 0 ||
    hostname === domain ||
    hostname === `api.${domain}` ||
    hostname === `sandbox.${domain}`
  )
}
