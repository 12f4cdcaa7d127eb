import { z } from 'zod'
import type { SshKey } from '../../store/repos/ssh-key-repo.ts'

/** Body of `POST /ssh-keys`. */
export const addSshKeyBody = z.object({
  /** A line as in a `.pub` file. */
  publicKey: z.string().min(1).max(16_384),
  name: z.string().max(100).optional(),
})

/** `:sshKeyID` of a path. */
export const sshKeyParams = z.object({ sshKeyID: z.string().min(1).max(100) })

/** A public key as clients read it. */
export const sshKeyResponse = z.object({
  id: z.string(),
  name: z.string(),
  type: z.string(),
  fingerprint: z.string(),
  publicKey: z.string(),
  createdAt: z.string(),
})

/** Answer of `GET /ssh`. */
export const sshResponse = z.object({
  port: z.number(),
  hostKey: z.object({ publicKey: z.string(), fingerprint: z.string() }),
})

/** A key as clients read it. */
export function presentSshKey(key: SshKey): z.infer<typeof sshKeyResponse> {
  const { id, name, type, fingerprint, publicKey, createdAtMs } = key
  return { id, name, type, fingerprint, publicKey, createdAt: new Date(createdAtMs).toISOString() }
}
