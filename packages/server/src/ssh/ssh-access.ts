import { connectGuestPort } from '@drowse/gateway'
import type { SandboxAccess } from '@drowse/ssh'
import type { SandboxService } from '../sandboxes/service.ts'
import type { SshKeyRepo } from '../store/repos/ssh-key-repo.ts'

/** The SSH door's view of the control plane. Reads the store at each call, so a removed key opens nothing any more. */
export function createSshAccess(sandboxes: SandboxService, sshKeys: SshKeyRepo): SandboxAccess {
  return {
    async findKey(sandboxId, fingerprint) {
      return await sshKeys.findForSandbox(sandboxId, fingerprint)
    },
    async open(id, options) {
      const attachment = await sandboxes.attach(id, options)
      const { daemon, accessToken } = attachment
      return {
        daemon,
        accessToken,
        connect: async (port) => await connectGuestPort(daemon, port, accessToken),
        [Symbol.dispose]: () => attachment[Symbol.dispose](),
      }
    },
  }
}
