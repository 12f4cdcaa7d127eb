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
export function shellCommand(command: string | undefined): { cmd: string; args: string[] } {
  return { cmd: '/bin/sh', args: ['-c', SCRIPT, 'sh', ...(command === undefined ? [] : [command])] }
}

/** Where images keep OpenSSH's server for the sftp subsystem, which `scp` uses too. */
const SFTP_SERVERS = ['/usr/lib/openssh/sftp-server', '/usr/libexec/openssh/sftp-server', '/usr/lib/ssh/sftp-server']

/** The command that serves files to `sftp` and `scp` by the image's own server, or says that there is none. */
export const SFTP_COMMAND = `for p in ${SFTP_SERVERS.join(' ')}; do [ -x "$p" ] && exec "$p"; done
echo "This sandbox has no sftp-server. Install openssh-sftp-server in it, or use tar: tar c . | ssh ... tar x" >&2
exit 127`
