"""The loop that takes cells."""

import asyncio
import os
import signal
import sys

from .channel import COMMANDS, Channel
from .environment import CellEnvironment, reseed
from .lazy import install_lazy_hooks
from .shell import make_shell
from .streams import install_streams


class Kernel:
    """Runs one cell at a time on an event loop that goes on between cells, so that background tasks do too."""

    def __init__(self, loop):
        self.loop = loop
        self.channel = Channel()
        self.flusher = install_streams()
        self.shell = make_shell(self.channel, self.flusher)
        self.cell = None
        self.has_cell = False
        self.commands = asyncio.Queue()

    async def run(self):
        """Takes cells until the interpreter is gone or a cell asks to end."""
        # Not the default handler, which would end an idle kernel, and not SIG_IGN, which programs would inherit.
        signal.signal(signal.SIGINT, self.on_interrupt)
        self.loop.add_reader(COMMANDS, self.receive)
        # The first cell of a shell is slow; this one shows nothing and counts for nothing.
        self.shell.run_cell("None", store_history=False, silent=True)
        self.channel.send({"type": "ready"})
        while self.shell.keep_running:
            command = await self.commands.get()
            if command is None:
                return
            try:
                await self.execute(command)
            except KeyboardInterrupt:
                # It came when the cell had ended.
                pass
            self.finish()

    def receive(self):
        """Queues the commands that have come, and the end once the interpreter is gone."""
        commands = self.channel.receive()
        for command in [None] if commands is None else commands:
            self.commands.put_nowait(command)

    async def execute(self, command):
        """Runs one cell and sends what becomes of it."""
        if command["reseed"]:
            reseed()
        os.environ.update(command["sandboxEnv"])
        code = command["code"]
        self.channel.has_interrupt = False
        with CellEnvironment(command["env"]):
            self.channel.send({"type": "started", "count": self.shell.execution_count})
            self.has_cell = True
            try:
                transformed, failure = self.transform(code)
                if self.shell.should_run_async(code, transformed_cell=transformed, preprocessing_exc_tuple=failure):
                    await self.run_async(code, transformed, failure)
                else:
                    self.shell.run_cell(code, store_history=True)
            finally:
                self.has_cell = False

    def transform(self, code):
        """Gives the Python of a cell with magics, or the failure to make it."""
        try:
            return self.shell.transform_cell(code), None
        except Exception:
            return code, sys.exc_info()

    async def run_async(self, code, transformed, failure):
        """Runs a cell that waits, beside the other tasks of the loop."""
        result = None
        self.shell.was_interrupted = False
        self.cell = asyncio.ensure_future(
            self.shell.run_cell_async(
                code, store_history=True, transformed_cell=transformed, preprocessing_exc_tuple=failure
            )
        )
        try:
            result = await self.cell
        finally:
            self.cell = None
            self.shell.events.trigger("post_execute")
            if result is not None:
                self.shell.events.trigger("post_run_cell", result)

    def finish(self):
        """Tells the interpreter that a cell has ended, once all its output is on its way."""
        while True:
            try:
                self.flusher.flush()
                self.channel.send({"type": "idle"})
                return
            except KeyboardInterrupt:
                continue
            except (OSError, ValueError):
                self.channel.send({"type": "idle"})
                return

    def on_interrupt(self, _signal, _frame):
        """Interrupts the cell, if one runs."""
        if not self.has_cell:
            return
        if self.channel.is_sending:
            self.channel.has_interrupt = True
        elif self.cell is not None and asyncio.current_task(self.loop) is not self.cell:
            # The cell waits, and the loop may sleep: an exception here would end the loop, not the cell.
            self.shell.was_interrupted = True
            self.loop.call_soon_threadsafe(self.cell.cancel)
        else:
            raise KeyboardInterrupt


def main():
    """Runs the kernel."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    kernel = Kernel(loop)
    install_lazy_hooks()
    task = loop.create_task(kernel.run())
    while not task.done():
        try:
            loop.run_until_complete(task)
        except KeyboardInterrupt:
            # One that hits the loop itself stops the loop; the cell has seen it or has ended.
            continue
