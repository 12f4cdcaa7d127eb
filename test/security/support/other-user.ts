import { exec } from '@drowse/common'
import { CONNECT_ALL, linesOf } from './connect-all.ts'

/** Number of the user "nobody", who is in no group but his own. */
const NOBODY = 65_534

/** Runs a Python program as another user of this machine, with an environment of its own and `input` on its standard input. Gives what it prints. */
export async function asNobody(program: string, input: string): Promise<string> {
  const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups', '--reset-env']
  const { stdout } = await exec('setpriv', [...user, '/usr/bin/python3', '-c', program], { cwd: '/', input })
  return stdout
}

/** Which of the absolute `paths` another user can read, write or, where they are sockets, connect to: each as "what path". */
export async function openToNobody(paths: readonly string[]): Promise<string[]> {
  return linesOf(await asNobody(OPEN_ALL, paths.join('\0')))
}

/** Which of `targets`, each "host port", another user can open a TCP connection to. */
export async function reachedByNobody(targets: readonly string[]): Promise<string[]> {
  return linesOf(await asNobody(CONNECT_ALL, targets.join('\n')))
}

const OPEN_ALL = `
import os, socket, stat, sys
def attempt(what, path, action):
    try:
        action()
        print(what, path)
    except OSError:
        pass
def connect(path):
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(path)
for path in sys.stdin.read().split('\\0'):
    attempt('connect', path, lambda: connect(path))
    attempt('read', path, lambda: os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK)))
    attempt('write', path, lambda: os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK)))
`
