/** Headers that a request to a domain gets. */
export interface NetworkRule {
  transform?: { headers?: Readonly<Record<string, string>> }
}

/** A SOCKS5 proxy that outgoing traffic takes. */
export interface EgressProxy {
  /** `host:port`. */
  address: string
  username?: string
  password?: string
  /** How the proxy itself is reached by TLS. */
  tls?: { enabled: boolean; serverName?: string; caCert?: string }
}

/** What a sandbox may reach, and how; an update replaces all of it. Absent fields restrict nothing. */
export interface EgressSettings {
  /** IP addresses, CIDR blocks, domain names, and domain names that begin with `*.`. They win over `denyOut`. */
  allowOut?: readonly string[]
  /** IP addresses and CIDR blocks. */
  denyOut?: readonly string[]
  /** By domain in lower case, which may begin with `*.`. */
  rules?: Readonly<Record<string, readonly NetworkRule[]>>
  egressProxy?: EgressProxy
  /** IPv4 addresses of resolvers that stay reachable; empty for none. */
  dnsServers?: readonly string[]
}

/** Network settings of a sandbox. */
export interface SandboxNetwork extends EgressSettings {
  /** False makes every port but the daemon's need the traffic token. Default true. For life. */
  allowPublicTraffic?: boolean
  /** Replaces the Host header of requests to ports; `${PORT}` stands for the port. For life. */
  maskRequestHost?: string
  /** Ports whose servers speak TLS themselves. For life. */
  httpsPorts?: readonly number[]
}

/** What a client may change of a sandbox that there is. */
export interface NetworkUpdate {
  egress: EgressSettings
  /** False is as `denyOut` of everything; undefined when nothing was said. */
  allowInternetAccess: boolean | undefined
}

/** The settings that are for life, without those that an update replaces. */
export function ingressOf({ allowPublicTraffic, maskRequestHost, httpsPorts }: SandboxNetwork): SandboxNetwork {
  return {
    ...(allowPublicTraffic === undefined ? {} : { allowPublicTraffic }),
    ...(maskRequestHost === undefined ? {} : { maskRequestHost }),
    ...(httpsPorts === undefined ? {} : { httpsPorts }),
  }
}
