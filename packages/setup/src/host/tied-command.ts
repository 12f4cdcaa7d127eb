/**
 * Wraps a command so that nothing of it outlives this process or is seen outside: it gets namespaces of its own for mounts and processes,
 * and the kernel ends all of them when the caller ends, however that happens. Needs root and util-linux.
 */
export function tiedCommand(file: string, args: readonly string[]): [file: string, args: string[]] {
  return [
    'setpriv',
    ['--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child=KILL', '--', file, ...args],
  ]
}
