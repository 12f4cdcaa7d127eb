/**
 * Capabilities of the guest's root. They count inside the sandbox only: the Sentry, not the host's kernel, honours them.
 *
 * Docker's default set is what images expect: file ownership and permissions (CHOWN, DAC_OVERRIDE, FOWNER, FSETID, MKNOD,
 * SETFCAP), users (SETUID, SETGID, SETPCAP: sudo, apt's `_apt`), processes (KILL, SYS_CHROOT), low ports
 * (NET_BIND_SERVICE) and audit records that login programs write (AUDIT_WRITE).
 *
 * Two more: SYS_ADMIN for mount, FUSE and unshare, which E2B's users have; SYS_PTRACE for debuggers and strace.
 *
 * Not NET_RAW (runsc takes it away unless raw sockets are enabled, and forged packets are of no use to guests) and not
 * NET_ADMIN: the guest's addresses and routes are the host's to decide.
 */
export const GUEST_CAPABILITIES: readonly string[] = [
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_MKNOD',
  'CAP_NET_BIND_SERVICE',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_ADMIN',
  'CAP_SYS_CHROOT',
  'CAP_SYS_PTRACE',
]
