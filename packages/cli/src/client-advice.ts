import { shellQuote } from './env-lines.ts'

/** What the advice is about. */
export interface AdviceFacts {
  caPath: string
  bundlePath: string
  /** Whether the program that changes the browsers' store is on this host. */
  hasCertutil: boolean
}

/** How clients that have a list of authorities of their own come to trust the authority; lines for a person. */
export function clientAdvice({ caPath, bundlePath, hasCertutil }: AdviceFacts): string[] {
  const [ca, bundle] = [shellQuote(caPath), shellQuote(bundlePath)]
  return [
    'Programs with a list of their own need more; "drowse env" sets it for one shell:',
    `  Node      export NODE_EXTRA_CA_CERTS=${ca}`,
    `  Python    export SSL_CERT_FILE=${bundle} REQUESTS_CA_BUNDLE=${bundle}`,
    `  Chromium  certutil -d sql:$HOME/.pki/nssdb -A -t C,, -n drowse -i ${ca}`,
    `            as the browser's user${hasCertutil ? '' : '; certutil is in the package libnss3-tools'}`,
    `  Firefox   Settings, Privacy & Security, View Certificates, Authorities, Import: ${caPath}`,
  ]
}

/** How to undo in browsers what {@link clientAdvice} says. */
export const BROWSER_REMOVAL = 'Chromium keeps its own list: certutil -d sql:$HOME/.pki/nssdb -D -n drowse'
