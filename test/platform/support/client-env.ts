import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { inject } from 'vitest'

// The clients read their settings from the environment, as after `eval "$(drowse env)"`.
const clientEnv = inject('clientEnv')
Object.assign(process.env, clientEnv)
// Node reads NODE_EXTRA_CA_CERTS only when it starts, and this process has started already.
setDefaultCACertificates([
  ...getCACertificates('default'),
  readFileSync(clientEnv['NODE_EXTRA_CA_CERTS'] ?? '', 'utf8'),
])
