/** Python: reads lines "host port" and prints those that take a TCP connection within two seconds, all tried at once. */
export const CONNECT_ALL = `
import socket, sys
from concurrent.futures import ThreadPoolExecutor
def reaches(target):
    host, port = target.split(' ')
    try:
        socket.create_connection((host, int(port)), timeout=2).close()
        return True
    except OSError:
        return False
targets = sys.stdin.read().splitlines()
with ThreadPoolExecutor(len(targets)) as pool:
    for target, is_open in zip(targets, pool.map(reaches, targets)):
        if is_open: print(target)
`

/** The lines of a program's output. */
export function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}
