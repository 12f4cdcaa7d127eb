/** A program and its arguments. */
export interface Program {
  cmd: string
  args: string[]
}

/** Finds the user's own shell as sshd does, and runs it: as a login, or for one command. Built-ins only, so that any image with a shell will do. */
const SCRIPT = `s=/bin/sh
if [ -r /etc/passwd ]; then
  while IFS=: read -r n x u g c h p || [ -n "$n" ]; do
    if [ "$n" = "$LOGNAME" ] && [ -x "$p" ]; then s=$p; fi
  done </etc/passwd
fi
SHELL=$s
export SHELL
if [ $# -gt 0 ]; then exec "$s" -c "$1"; fi
exec "$s" -l`

/** What to run for a login, or for a command in the words that its shell reads. */
export function shellProgram(command: string | undefined): Program {
  return { cmd: '/bin/sh', args: ['-c', SCRIPT, 'sh', ...(command === undefined ? [] : [command])] }
}

/** Where the guest's runtime is. */
const RUNTIME = '/.drowse'

/** What serves files to `sftp` and `scp`: a program of the guest's own runtime, so that no image has to bring one. */
export const SFTP_PROGRAM: Program = {
  cmd: `${RUNTIME}/lib/ld-linux-x86-64.so.2`,
  args: ['--library-path', `${RUNTIME}/lib`, `${RUNTIME}/node`, `${RUNTIME}/sftp.mjs`],
}
