"""Counts in memory ten times a second and writes the count only when asked by a signal. Runs inside a sandbox."""

import os, signal, time
count = 0
def tell(*_):
    with open('/tmp/count.new', 'w') as f:
        f.write(f'{os.getpid()} {count}')
    os.rename('/tmp/count.new', '/tmp/count')
signal.signal(signal.SIGUSR1, tell)
open('/tmp/ready', 'w').close()
while True:
    time.sleep(0.1)
    count += 1
