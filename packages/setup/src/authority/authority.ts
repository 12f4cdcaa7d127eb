import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '@drowse/common'
import type { AuthorityFacts, CertificateOptions } from '@drowse/gateway'
import { instanceName } from '@drowse/node'
import type { SetupContext } from '../context.ts'
import { findRunningService } from '../service/service-record.ts'
import { setupError } from '../setup-error.ts'
import { awaitServed } from './await-served.ts'
import { distrust, hasTrusted, isTrusted, SYSTEM_TRUST, trust, type TrustStore } from './trust-store.ts'

/** What the system makes of this installation's authority: `other` when it trusts an older one of ours, and not this one. */
export type TrustState = 'trusted' | 'other' | 'none'

/** The authority of an installation. */
export interface Authority extends AuthorityFacts {
  /** Its certificate, for clients. */
  path: string
  /** The system's authorities and ours, for clients that take a whole list. */
  bundlePath: string
  trust: TrustState
}

/** Describes the authority. Needs no root. Throws "setup_failed" when there is none. */
export async function showAuthority(context: SetupContext, store = SYSTEM_TRUST): Promise<Authority> {
  const { path, pem } = await readAuthority(context)
  const { describeAuthority } = await import('@drowse/gateway')
  const facts = describeAuthority(pem)
  const instance = instanceName(context.folder.root)
  const state = (await isTrusted(store, instance, firstOf(pem)))
    ? 'trusted'
    : (await hasTrusted(store, instance))
      ? 'other'
      : 'none'
  return { ...facts, path, bundlePath: join(context.folder.tls, 'bundle.pem'), trust: state }
}

/** Makes the system trust the authority, and no older one of this installation. "kept" when that is so already. Safe to repeat. */
export async function installAuthority(context: SetupContext, store = SYSTEM_TRUST): Promise<'done' | 'kept'> {
  const { pem } = await readAuthority(context)
  const caCert = firstOf(pem)
  const instance = instanceName(context.folder.root)
  const outcome = await trust(store, instance, caCert)
  return (await distrust(store, instance, caCert)) ? 'done' : outcome
}

/** Takes every authority of this installation out of what the system trusts. Resolves to whether there was one. Safe to repeat, also without an authority. */
export async function removeAuthority({ folder }: SetupContext, store = SYSTEM_TRUST): Promise<boolean> {
  return distrust(store, instanceName(folder.root))
}

/** Who serves the new certificate after {@link rotateAuthority}. */
export type Served = 'served' | 'not running' | 'own certificate'

/**
 * Replaces the authority, and the certificate that it signs for the https door. The running service serves the new one before the old authority is forgotten, and open connections stay; a system that trusted
 * the old authority trusts the new one, then the old one no more. Cut anywhere, clients that go by the files or by the system's store are not refused, and the next call goes on.
 */
export async function rotateAuthority(
  context: SetupContext,
  report: (detail: string) => void,
  store: TrustStore = SYSTEM_TRUST,
): Promise<Served> {
  const { config, folder } = context
  const instance = instanceName(folder.root)
  const { rotateCertificates } = await import('@drowse/gateway')
  const isInstalled = await hasTrusted(store, instance)
  const hasOwn = config.tlsCertFile !== undefined
  let served: Served = hasOwn ? 'own certificate' : 'not running'
  await rotateCertificates(certificateOptions(context), {
    onPublished: async (caCert) => {
      if (!isInstalled) return
      report('trusting the new authority')
      await trust(store, instance, caCert)
    },
    onLeaf: async (leafCert) => {
      const service = await findRunningService(folder)
      if (service === undefined || hasOwn) return
      report('waiting for the service to serve the new certificate')
      await awaitServed({ bindAddresses: config.bindAddresses, port: service.httpsPort, leafCert })
      served = 'served'
    },
    onReplaced: async (caCert) => {
      if (isInstalled) await distrust(store, instance, caCert)
    },
  })
  return served
}

function certificateOptions({ config, folder }: SetupContext): CertificateOptions {
  return {
    tlsDirectory: folder.tls,
    secretsDirectory: folder.secrets,
    domain: config.domain,
    clock: systemClock,
  }
}

async function readAuthority({ folder }: SetupContext): Promise<{ path: string; pem: string }> {
  const path = join(folder.tls, 'ca.pem')
  try {
    return { path, pem: await readFile(path, 'utf8') }
  } catch (cause) {
    throw setupError(`Cannot read the authority of "${folder.root}": there is no "${path}"`, {
      hint: 'The first start of the service makes it: run "sudo ./drowse up". Another folder is named with --data.',
      cause,
    })
  }
}

/** The first certificate of a file: while an authority is replaced the old one stands behind the new. */
function firstOf(pem: string): string {
  const end = '-----END CERTIFICATE-----\n'
  const at = pem.indexOf(end)
  if (at >= 0) return pem.slice(0, at + end.length)
  throw setupError('Cannot read the authority: its file holds no certificate', {
    hint: 'Restart the service, which makes a new one: "sudo ./drowse down", then "sudo ./drowse up".',
  })
}
