import { join } from 'node:path'
import type { ServiceAddresses } from '@drowse/setup'

/** What the variables of {@link envLines} are made from. */
export interface EnvFacts {
  apiKey: string
  addresses: ServiceAddresses
  /** Folder with `ca.pem` and `bundle.pem`. */
  tls: string
}

/**
 * The shell commands that point the official clients, JavaScript and Python, at this installation; for `eval`.
 *
 * API calls, and E2B's sandbox calls, go over plain http, where no client needs a name or a certificate; Novita's sandbox calls, `getHost()` and
 * code contexts go by the domain over https. Node adds our CA to its own; Python, requests and curl replace theirs by a bundle of the system's certificates and ours.
 */
export function envLines({ apiKey, addresses, tls }: EnvFacts): string[] {
  const bundle = join(tls, 'bundle.pem')
  const variables: [name: string, value: string][] = [
    ...['E2B', 'NOVITA'].flatMap((vendor): [string, string][] => [
      [`${vendor}_API_KEY`, apiKey],
      [`${vendor}_API_URL`, addresses.http],
      [`${vendor}_DOMAIN`, addresses.domain],
    ]),
    // Not for Novita: its Python client sends no routing headers after a connect, so its sandbox calls go by the domain.
    ['E2B_SANDBOX_URL', addresses.http],
    ['NODE_EXTRA_CA_CERTS', join(tls, 'ca.pem')],
    ['SSL_CERT_FILE', bundle],
    ['REQUESTS_CA_BUNDLE', bundle],
    ['CURL_CA_BUNDLE', bundle],
  ]
  return variables.map(([name, value]) => `export ${name}=${shellQuote(value)}`)
}

/** Quotes a text so that a POSIX shell reads it as one word, whatever it holds. */
export function shellQuote(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
