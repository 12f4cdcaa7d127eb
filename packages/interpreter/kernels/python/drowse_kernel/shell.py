"""IPython's shell with its output on the pipes."""

import asyncio
import builtins
import getpass
import subprocess

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Any, Type
from traitlets.config import Config

from .formats import install_formats, wire_data


class ResultHook(DisplayHook):
    """Sends the value of a cell's last expression."""

    def write_output_prompt(self):
        """Shows no prompt."""

    def write_format_data(self, format_dict, md_dict=None):
        """Sends all formats of the value."""
        self.shell.send_result(True, format_dict)

    def finish_displayhook(self):
        """Ends nothing: the value has been sent."""
        self._is_active = False


class ResultPublisher(DisplayPublisher):
    """Sends what display() shows."""

    def publish(self, data, metadata=None, *, transient=None, update=False, **_):
        """Sends all formats of what is shown."""
        self.shell.send_result(False, data)

    def clear_output(self, wait=False):
        """Keeps what was sent: it is with the client."""


class KernelShell(InteractiveShell):
    """A shell that nobody sits before."""

    displayhook_class = Type(ResultHook)
    display_pub_class = Type(ResultPublisher)
    channel = Any()
    flusher = Any()

    def send_result(self, is_main, data):
        """Sends a value in its formats, after what was printed before."""
        self.flusher.flush()
        if self.channel.is_open:
            self.channel.send({"type": "result", "isMain": is_main, "data": wire_data(data)})
        else:
            print(data.get("text/plain", ""))

    def _showtraceback(self, etype, evalue, stb):
        self.flusher.flush()
        if etype is asyncio.CancelledError and self.was_interrupted:
            etype, evalue, stb = KeyboardInterrupt, KeyboardInterrupt(), ["KeyboardInterrupt"]
        lines = [stb] if isinstance(stb, str) else [str(line) for line in stb]
        name = getattr(etype, "__name__", str(etype))
        self.channel.send({"type": "error", "name": name, "value": text_of(evalue), "traceback": "\n".join(lines)})

    def system(self, cmd):
        """Runs `!cmd` with its output on the cell's own descriptors."""
        command = self.var_expand(cmd, depth=1)
        status = subprocess.call(command, shell=True, stdin=subprocess.DEVNULL)
        self.user_ns["_exit_code"] = status

    def ask_exit(self):
        """Ends the kernel after the cell, for `exit` and `quit`."""
        self.keep_running = False

    keep_running = True
    # Whether the cell that runs was cancelled while it waited.
    was_interrupted = False


def text_of(error):
    """Gives the message of an error, whatever its class makes of str()."""
    try:
        return str(error)
    except Exception:
        return f"<{type(error).__name__} without a message>"


def make_shell(channel, flusher):
    """Makes the one shell of this process."""
    config = Config()
    # History is for people; without its file and its thread a shell is smaller and survives any disk.
    config.HistoryManager.enabled = False
    shell = KernelShell.instance(config=config, channel=channel, flusher=flusher)
    install_formats(shell)
    builtins.input = refuse_input
    getpass.getpass = refuse_input
    return shell


def refuse_input(prompt="", *_args, **_kwargs):
    """Says that there is nobody to ask."""
    raise StdinNotImplementedError("input() was called, but nobody can answer here: code runs without standard input")
