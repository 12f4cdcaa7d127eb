"""The two pipes to the interpreter."""

import json
import math
import os
import threading

COMMANDS = 3
EVENTS = 4


class Channel:
    """Takes commands and sends events, a line of JSON each. Safe to use from threads; a forked child has none."""

    def __init__(self):
        # Programs that a cell runs have no business with the pipes.
        os.set_inheritable(COMMANDS, False)
        os.set_inheritable(EVENTS, False)
        self._lock = threading.RLock()
        # Pieces of a line whose end has not come: a pipe holds 64 KiB, and a cell may be longer.
        self._pending = []
        self.is_open = True
        # An interrupt in the middle of a line would break all that follow, so it waits for the line's end.
        self.is_sending = False
        self.has_interrupt = False
        os.register_at_fork(after_in_child=self._leave)

    def _leave(self):
        self.is_open = False
        self._lock = threading.RLock()

    def send(self, event):
        """Writes one event; waits while the pipe is full."""
        if not self.is_open:
            return
        line = memoryview(encode(event))
        with self._lock:
            is_main = threading.current_thread() is threading.main_thread()
            self.is_sending = is_main
            try:
                while line:
                    line = line[os.write(EVENTS, line) :]
            finally:
                self.is_sending = False
        if is_main and self.has_interrupt:
            self.has_interrupt = False
            raise KeyboardInterrupt

    def receive(self):
        """Reads what has come and gives the commands that it ends, which may be none; None once the interpreter is gone."""
        chunk = os.read(COMMANDS, 1 << 16)
        if not chunk:
            return None
        first, *rest = chunk.split(b"\n")
        self._pending.append(first)
        commands = []
        for piece in rest:
            commands.append(json.loads(b"".join(self._pending)))
            self._pending = [piece]
        return commands


def encode(value):
    """Gives a line of ASCII JSON. Numbers that JSON has no word for become null, what it cannot hold becomes text."""
    try:
        text = json.dumps(value, allow_nan=False, default=plain)
    except (ValueError, TypeError):
        text = json.dumps(finite(value), default=plain)
    return text.encode("ascii") + b"\n"


def plain(value):
    """Turns what JSON does not know into what it does."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return finite(value.tolist())
    if isinstance(value, (set, frozenset)):
        return list(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def finite(value):
    """Copies a value with null for what is not a finite number and text for keys."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key if isinstance(key, str) else str(key): finite(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(entry) for entry in value]
    if isinstance(value, (str, int, bool)) or value is None:
        return value
    return finite(plain(value))
