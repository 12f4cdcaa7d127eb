"""Standard output and error of cells."""

import io
import os
import sys
import threading
import time
from time import monotonic

# Longest wait of printed text, in seconds: a line after a quiet time leaves at once, a flood leaves in large pieces.
INTERVAL = 0.01
BUFFER_BYTES = 1 << 16
# What starts other programs; what was printed before comes before what they print.
STARTS = frozenset(["subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "pty.spawn"])


class OutputStream(io.TextIOWrapper):
    """Text to a descriptor, buffered for a moment at most."""

    def __init__(self, descriptor, flusher):
        raw = io.FileIO(descriptor, "w", closefd=False)
        super().__init__(io.BufferedWriter(raw, BUFFER_BYTES), encoding="utf-8", errors="backslashreplace")
        self.mode = "w"
        self._flusher = flusher
        self._flushed_at = 0.0

    def write(self, text):
        """Takes text, as print() does."""
        length = super().write(text)
        # print() writes a line and its end apart; whoever reads gets them together.
        is_due = text.endswith("\n") and monotonic() - self._flushed_at > INTERVAL
        if is_due or not self._flusher.arm():
            self.flush()
        return length

    def flush(self):
        """Hands on what was written; waits while the reader is behind."""
        if self._flusher.has_started_programs:
            # Node and others make the descriptor that they share with us non-blocking, and leave it so.
            os.set_blocking(self.fileno(), True)
        super().flush()
        self._flushed_at = monotonic()


class Flusher:
    """Flushes both streams a moment after they were written to."""

    def __init__(self):
        self.streams = []
        self.has_started_programs = False
        self._wanted = threading.Event()
        self._is_armed = False
        self._has_thread = False
        self._can_have_thread = True
        os.register_at_fork(before=self.flush, after_in_child=self._leave)

    def _leave(self):
        self._can_have_thread = False

    def arm(self):
        """Sees to a flush soon. A forked child has no thread for it: false."""
        if self._is_armed:
            return self._can_have_thread
        if not self._can_have_thread:
            return False
        if not self._has_thread:
            self._has_thread = True
            threading.Thread(target=self._run, name="drowse-flusher", daemon=True).start()
        self._is_armed = True
        self._wanted.set()
        return True

    def flush(self):
        """Flushes both now."""
        for stream in self.streams:
            if not stream.closed:
                stream.flush()

    def _run(self):
        while True:
            self._wanted.wait()
            time.sleep(INTERVAL)
            self._wanted.clear()
            self._is_armed = False
            try:
                self.flush()
            except (OSError, ValueError):
                pass


def install_streams():
    """Replaces sys.stdout and sys.stderr, and gives what flushes them."""
    flusher = Flusher()
    out, err = OutputStream(1, flusher), OutputStream(2, flusher)
    flusher.streams = [out, err]
    sys.stdout = sys.__stdout__ = out
    sys.stderr = sys.__stderr__ = err

    def before_start(event, _args):
        if event in STARTS:
            flusher.has_started_programs = True
            flusher.flush()

    sys.addaudithook(before_start)
    return flusher
