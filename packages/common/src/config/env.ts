import type { ConfigInput } from './config.ts'

type Parse = (text: string) => unknown

const text: Parse = (value) => value
const number: Parse = (value) => Number(value)
const list: Parse = (value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean)

/** A list, or `none` for an empty one: an empty variable counts as unset. */
const listOrNone: Parse = (value) => (value.trim() === 'none' ? [] : list(value))

/** The variables that set the configuration, with the field that each sets. */
export const CONFIG_VARIABLES: Readonly<Record<string, { field: keyof ConfigInput; parse: Parse }>> = {
  DROWSE_DATA: { field: 'dataDirectory', parse: text },
  DROWSE_BIND: { field: 'bindAddresses', parse: list },
  DROWSE_HTTP_PORT: { field: 'httpPort', parse: number },
  DROWSE_HTTPS_PORT: { field: 'httpsPort', parse: number },
  DROWSE_SSH_PORT: { field: 'sshPort', parse: number },
  DROWSE_DOMAIN: { field: 'domain', parse: text },
  DROWSE_TLS_CERT_FILE: { field: 'tlsCertFile', parse: text },
  DROWSE_TLS_KEY_FILE: { field: 'tlsKeyFile', parse: text },
  DROWSE_TRUSTED_HOPS: { field: 'trustedHops', parse: number },
  DROWSE_CLIENT_CONNECTIONS: { field: 'clientConnections', parse: number },
  DROWSE_SANDBOX_CONNECTIONS: { field: 'sandboxConnections', parse: number },
  DROWSE_SANDBOX_REQUESTS_PER_SECOND: { field: 'sandboxRequestsPerSecond', parse: number },
  DROWSE_SANDBOX_CONNECTIONS_OUT: { field: 'sandboxConnectionsOut', parse: number },
  DROWSE_SANDBOX_BANDWIDTH_MBIT: { field: 'sandboxBandwidthMbit', parse: number },
  DROWSE_SUBNET: { field: 'sandboxSubnet', parse: text },
  DROWSE_NAMESERVERS: { field: 'nameservers', parse: list },
  DROWSE_EGRESS_CA_FILE: { field: 'egressCaFile', parse: text },
  DROWSE_EGRESS_PROXIES: { field: 'egressProxies', parse: list },
  DROWSE_MEMORY_MB: { field: 'memoryMb', parse: number },
  DROWSE_CPU_COUNT: { field: 'cpuCount', parse: number },
  DROWSE_MAX_TIMEOUT_HOURS: { field: 'maxTimeoutHours', parse: number },
  DROWSE_FROZEN_MEMORY_MB: { field: 'frozenMemoryMb', parse: number },
  DROWSE_FROZEN_MINUTES: { field: 'frozenMinutes', parse: number },
  DROWSE_MEMORY_OVERCOMMIT: { field: 'memoryOvercommit', parse: number },
  DROWSE_CPU_OVERCOMMIT: { field: 'cpuOvercommit', parse: number },
  DROWSE_POOL_SIZE: { field: 'poolSize', parse: number },
  DROWSE_IMAGE_CHECK_HOURS: { field: 'imageCheckHours', parse: number },
  DROWSE_READY_CONTAINERS: { field: 'readyContainers', parse: number },
  DROWSE_BACKGROUND_TEMPLATES: { field: 'backgroundTemplates', parse: listOrNone },
  DROWSE_RUNSC_RELEASE_URL: { field: 'runscReleaseUrl', parse: text },
  DROWSE_STOP_AT: { field: 'stopAt', parse: text },
  DROWSE_LOG_LEVEL: { field: 'logLevel', parse: text },
}
