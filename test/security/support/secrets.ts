import type { Sandbox } from 'e2b'

/** The keys and tokens that a sandbox's owner holds: what nobody else may come to see. */
export function secretsOf(sandbox: Sandbox): string[] {
  const { envdAccessToken } = sandbox as unknown as { envdAccessToken: string | undefined } // protected in its types
  const secrets = [process.env.E2B_API_KEY, envdAccessToken, sandbox.trafficAccessToken]
  return secrets.map((secret) => {
    if (secret === undefined || secret.length < 20) throw new Error('a secret of the sandbox is missing')
    return secret
  })
}
