/** What differs between the OCI configurations of raw sandboxes. */
export interface RawConfig {
  rootDirectory: string
  guestDirectory: string
  networkNamespace: string
  cgroupPath: string
  memoryMb: number
  cpuCount: number
  holdMb: number
}

/** The OCI configuration of a raw sandbox: as the platform's, with another program for the daemon. */
export function rawConfig(of: RawConfig): object {
  return {
    ociVersion: '1.1.0',
    hostname: 'raw',
    root: { path: of.rootDirectory, readonly: false },
    process: {
      user: { uid: 0, gid: 0 },
      cwd: '/',
      args: [
        '/.drowse/tini',
        '-s',
        '--',
        '/.drowse/lib/ld-linux-x86-64.so.2',
        '--library-path',
        '/.drowse/lib',
        '/.drowse/node',
        '--max-semi-space-size=2',
        '/bench/server.mjs',
      ],
      env: ['PATH=/usr/bin:/bin', 'HOME=/root', `HOLD_MB=${of.holdMb}`],
      capabilities: {},
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1_048_576, hard: 1_048_576 }],
    },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/dev/shm', type: 'tmpfs', source: 'tmpfs', options: ['mode=1777'] },
      { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['ro'] },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['mode=1777'] },
      { destination: '/.drowse', type: 'bind', source: of.guestDirectory, options: ['ro', 'rbind'] },
    ],
    linux: {
      namespaces: [
        { type: 'pid' },
        { type: 'ipc' },
        { type: 'uts' },
        { type: 'mount' },
        { type: 'network', path: of.networkNamespace },
      ],
      cgroupsPath: of.cgroupPath,
      resources: {
        memory: { limit: (of.memoryMb + 256) * 1024 * 1024 },
        cpu: { quota: Math.round(of.cpuCount * 100_000), period: 100_000 },
      },
    },
  }
}
