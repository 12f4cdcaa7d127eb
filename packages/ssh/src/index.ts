export { ensureHostKey, type HostKey } from './keys/host-key.ts'
export { parsePublicKey, type PublicKey } from './keys/public-key.ts'
export type { OpenOptions, OpenSandbox, SandboxAccess, StopCause } from './sandbox-access.ts'
export { SshDoor, type SshDoorOptions } from './ssh-door.ts'
