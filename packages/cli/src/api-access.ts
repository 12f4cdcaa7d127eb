import { DrowseError, ERROR_CODES, type ErrorCode } from '@drowse/protocol'
import { loadContext, requireRoot, type CommandContext, type GlobalOptions } from './command-context.ts'
import { getInstallation } from './installation.ts'

/** Longest time, in ms, of one call. */
const CALL_LIMIT_MS = 30_000

/** How to reach an API, and as whom. */
export interface ApiAccess {
  /** Without a slash at the end. */
  url: string
  apiKey: string
}

/**
 * The API that the clients' variables name (`E2B_API_KEY` with `E2B_API_URL` or `E2B_DOMAIN`; `NOVITA_…` in their place), which may be on
 * another machine; else this machine's installation, which needs root. `--data` means this machine's.
 */
export async function findApi(command: CommandContext, options: GlobalOptions, name: string): Promise<ApiAccess> {
  const named = options.data === undefined ? apiOfClients(command.env) : undefined
  if (named !== undefined) return named
  requireRoot(name)
  const { addresses, apiKey } = await getInstallation(loadContext(command, options))
  return { url: addresses.http, apiKey }
}

function apiOfClients(env: CommandContext['env']): ApiAccess | undefined {
  for (const vendor of ['E2B', 'NOVITA']) {
    const apiKey = env[`${vendor}_API_KEY`]
    const domain = env[`${vendor}_DOMAIN`]
    const url = env[`${vendor}_API_URL`] || (domain ? `https://api.${domain}` : '')
    if (apiKey && url) return { apiKey, url: url.replace(/\/+$/, '') }
  }
  return undefined
}

/** Calls the API; answers its JSON, `undefined` when there is none. Throws with the API's own words when it refuses. */
export async function callApi(
  { url, apiKey }: ApiAccess,
  path: string,
  init: { method?: string; body?: unknown } = {},
): Promise<unknown> {
  const { method = 'GET', body } = init
  const response = await reach(url, path, {
    method,
    headers: { 'X-API-KEY': apiKey, ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    signal: AbortSignal.timeout(CALL_LIMIT_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw refusal(response.status, text)
  return text === '' ? undefined : JSON.parse(text)
}

/** What an answer of the API that is no success is thrown as. */
export function refusal(status: number, body: string): DrowseError {
  const found = Object.entries(ERROR_CODES).find(([, info]) => info.status === status)?.[0]
  const code = (found ?? 'unavailable') as ErrorCode // a key of the table
  return new DrowseError(code, messageOf(body) ?? `The service answered ${status}`)
}

/** What is thrown when an API cannot be reached at all. */
export function unreachable(url: string, error: unknown): DrowseError {
  const { message, cause } = error as Error & { cause?: NodeJS.ErrnoException }
  const why = cause?.message || cause?.code || message
  const hint = /certificate/i.test(why)
    ? 'Point NODE_EXTRA_CA_CERTS to the authority\'s certificate, as "drowse env" does.'
    : 'Check the address, and that the service runs there.'
  return new DrowseError('unavailable', `Cannot reach ${url}: ${why}`, { cause: error, details: { hint } })
}

async function reach(url: string, path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url + path, init)
  } catch (error) {
    throw unreachable(url, error)
  }
}

function messageOf(body: string): string | undefined {
  try {
    const { message } = JSON.parse(body) as { message?: unknown }
    return typeof message === 'string' ? message : undefined
  } catch {
    return undefined // not from the API: a proxy on the way
  }
}
