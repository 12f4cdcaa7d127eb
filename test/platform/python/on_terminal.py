"""Runs a program on a terminal of 31 rows and 117 columns, and does to it what lines of JSON on standard input say: keys to type, sizes to take."""
import fcntl
import json
import os
import pty
import selectors
import struct
import sys
import termios


def resize(terminal, rows, cols):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, cols, 0, 0))


pid, terminal = pty.fork()
if pid == 0:
    resize(0, 31, 117)
    os.execvp(sys.argv[1], sys.argv[1:])

selector = selectors.DefaultSelector()
selector.register(0, selectors.EVENT_READ)
selector.register(terminal, selectors.EVENT_READ)
waiting = b""
is_open = True
while is_open:
    for key, _ in selector.select():
        try:
            data = os.read(key.fd, 65536)
        except OSError:
            data = b""
        if key.fd == terminal:
            is_open = data != b""
            os.write(1, data)
        elif data == b"":
            selector.unregister(0)
        else:
            *lines, waiting = (waiting + data).split(b"\n")
            for line in map(json.loads, lines):
                if "keys" in line:
                    os.write(terminal, line["keys"].encode())
                else:
                    resize(terminal, line["rows"], line["cols"])
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
