import { get, type ClientRequest, type IncomingMessage } from 'node:http'
import { json } from 'node:stream/consumers'

/** Longest wait for the daemon, in ms; an execution goes on without the variables after that. */
const TIMEOUT_MS = 2_000

/**
 * Asks the sandbox's daemon for the variables that the sandbox was created with. Gives `undefined` when it cannot be asked, so that a later
 * execution, which may carry a valid token, asks again.
 */
export async function fetchSandboxEnv(
  daemonUrl: string,
  accessToken: string | undefined,
): Promise<Record<string, string> | undefined> {
  const headers = accessToken === undefined ? {} : { 'x-access-token': accessToken }
  try {
    const response = await answerOf(get(`${daemonUrl}/envs`, { headers, signal: AbortSignal.timeout(TIMEOUT_MS) }))
    if (response.statusCode === 200) return textMap(await json(response))
    response.resume()
    return undefined
  } catch {
    // A sandbox whose daemon does not answer is seen by all others; code runs without the variables.
    return undefined
  }
}

function answerOf(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => request.once('response', resolve).on('error', reject))
}

function textMap(value: unknown): Record<string, string> {
  if (typeof value !== 'object' || value === null) return {}
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  )
}
