import { exec } from '@drowse/common'
import { missingPackages } from '../host/apt.ts'
import { HOST_PACKAGES } from '../host/host-packages.ts'
import type { Finding } from './finding.ts'

const RUN_UP = 'Run "sudo ./drowse up", which installs what is missing.'

/** Checks that the Debian packages are there that sandboxes need on the host. */
export async function checkTools(): Promise<Finding> {
  const missing = await missingPackages(HOST_PACKAGES)
  if (missing.length > 0) {
    return { name: 'packages', status: 'fail', detail: `missing: ${missing.join(', ')}`, fix: RUN_UP }
  }
  return { name: 'packages', status: 'ok', detail: 'all there' }
}

/** Checks that nftables works in this kernel. */
export async function checkFirewall(): Promise<Finding> {
  const name = 'nftables'
  try {
    await exec('nft', ['list', 'tables'], { timeoutMs: 10_000 })
    return { name, status: 'ok', detail: 'works' }
  } catch (error) {
    const detail = (error as Error).message.split('\n')[0] ?? ''
    return {
      name,
      status: 'fail',
      detail,
      fix: `${RUN_UP} If it stays, the kernel lacks nf_tables ("modprobe nf_tables").`,
    }
  }
}
