import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Log } from '../log.ts'

/** Where `update-ca-certificates` looks for authorities of the machine's own. */
const OWN_FILE = '/usr/local/share/ca-certificates/drowse-egress.crt'
/** All that the system trusts: of Debian and Alpine, and of Fedora. The first that is there is the one that programs are pointed to. */
const BUNDLES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt']

/**
 * Makes the guest trust `authority` (PEM), or no longer the one that it was given before. What fails is logged, not thrown: programs then
 * refuse the connections that it is for.
 */
export function trustAuthority(root: string, authority: string | undefined, log: Log): void {
  const own = join(root, OWN_FILE)
  try {
    const before = existsSync(own) ? readFileSync(own, 'utf8') : undefined
    if (before === authority) return
    const present = BUNDLES.map((path) => join(root, path)).filter((path) => existsSync(path))
    const bundles = present.length > 0 ? present : [join(root, BUNDLES[0] ?? '')]
    for (const bundle of bundles) replaceIn(bundle, before, authority)
    if (authority === undefined) rmSync(own, { force: true })
    else write(own, authority)
  } catch (error) {
    log('Cannot change which authorities the system trusts', error)
  }
}

/** What programs that bring their own list of authorities have to be told, to use the system's. */
export function authorityEnv(root: string): Record<string, string> {
  const bundle = BUNDLES.find((path) => existsSync(join(root, path))) ?? BUNDLES[0] ?? ''
  return {
    NODE_EXTRA_CA_CERTS: OWN_FILE,
    SSL_CERT_FILE: bundle,
    REQUESTS_CA_BUNDLE: bundle,
    CURL_CA_BUNDLE: bundle,
    AWS_CA_BUNDLE: bundle,
    GIT_SSL_CAINFO: bundle,
    DENO_CERT: OWN_FILE,
  }
}

function replaceIn(bundle: string, before: string | undefined, authority: string | undefined): void {
  const text = existsSync(bundle) ? readFileSync(bundle, 'utf8') : ''
  const others = before === undefined ? text : text.replace(before, '')
  write(bundle, authority === undefined ? others : `${others.trimEnd()}\n${authority}`.trimStart())
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text, { mode: 0o644 })
}
