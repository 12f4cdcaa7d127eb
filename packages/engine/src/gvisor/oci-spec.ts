import { GUEST_MOUNT, type SandboxSpec } from '../engine.ts'
import { GUEST_CAPABILITIES } from './capabilities.ts'

/** Length of a CPU accounting period, in µs; the kernel's default. */
const CPU_PERIOD_US = 100_000
/** Most host tasks of one sandbox. systrap backs guest threads with host tasks, and the Sentry has its own. */
const MAX_HOST_TASKS = 16_384
/** Most open files of a guest process; what Docker and systemd services get. */
const MAX_OPEN_FILES = 1_048_576

/** Host paths that a container's spec names. */
export interface OciPaths {
  /** Mounted root. */
  rootDirectory: string
  /** Network namespace. */
  networkNamespace: string
  /** Absolute cgroup path, below each controller's mount. */
  cgroupPath: string
}

/**
 * Builds the OCI runtime spec of a sandbox.
 * An image restores only under the same mounts, process, capabilities and limits of open files; names, the root's path,
 * resources and sizes may differ.
 */
export function ociSpec(spec: SandboxSpec, { rootDirectory, networkNamespace, cgroupPath }: OciPaths): object {
  // Files in memory belong to no process that could be ended for them. A restored sandbox keeps the size of its image.
  const size = `size=${Math.ceil(spec.limits.memoryMb / 2)}m`
  return {
    ociVersion: '1.1.0',
    hostname: spec.hostname,
    root: { path: rootDirectory, readonly: false },
    process: {
      user: { uid: 0, gid: 0 },
      cwd: '/',
      // The guest runtime brings its own loader and C library: it runs in a root that has none, or another.
      args: [
        `${GUEST_MOUNT}/tini`,
        '-s',
        '--',
        `${GUEST_MOUNT}/lib/ld-linux-x86-64.so.2`,
        '--library-path',
        `${GUEST_MOUNT}/lib`,
        `${GUEST_MOUNT}/node`,
        // A small nursery keeps the daemon's memory, and with it every image, small: 23 MB of pages when idle.
        '--max-semi-space-size=2',
        `${GUEST_MOUNT}/daemon.mjs`,
      ],
      env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root'],
      noNewPrivileges: false,
      capabilities: {
        bounding: GUEST_CAPABILITIES,
        effective: GUEST_CAPABILITIES,
        permitted: GUEST_CAPABILITIES,
      },
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: MAX_OPEN_FILES, hard: MAX_OPEN_FILES }],
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/dev/shm', type: 'tmpfs', source: 'tmpfs', options: ['mode=1777', size, 'nosuid', 'nodev'] },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro', 'nosuid', 'nodev', 'noexec'] },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['mode=1777', size] },
      { destination: GUEST_MOUNT, type: 'bind', source: spec.guestDirectory, options: ['ro', 'rbind'] },
    ],
    // Lets the guest see /proc/gvisor/checkpoint (that a restore happened) and /proc/gvisor/spec_environ.
    annotations: { 'dev.gvisor.internal.checkpoint.enable': 'true' },
    linux: {
      namespaces: [
        { type: 'pid' },
        { type: 'ipc' },
        { type: 'uts' },
        { type: 'mount' },
        { type: 'network', path: networkNamespace },
      ],
      cgroupsPath: cgroupPath,
      resources: {
        // What runsc finds in the cgroup when it makes the sandbox is the guest's MemTotal; the limit that the host
        // enforces is raised right after.
        memory: { limit: spec.limits.memoryMb * 1024 * 1024 },
        cpu: { quota: Math.round(spec.limits.cpuCount * CPU_PERIOD_US), period: CPU_PERIOD_US },
        pids: { limit: MAX_HOST_TASKS },
      },
    },
  }
}
