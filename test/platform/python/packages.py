"""The two Python packages as published, by name: what the scenarios use of each."""

import asyncio
import importlib
import os
from pathlib import Path


def load(name):
    """Returns the module that holds Sandbox, AsyncSandbox, SandboxQuery and the exceptions."""
    return importlib.import_module({"e2b": "e2b", "novita": "novita_sandbox.core"}[name])


def states(module):
    """The enum of sandbox states; the packages keep it in different places."""
    if hasattr(module, "SandboxState"):
        return module.SandboxState
    return importlib.import_module(f"{module.__name__}.api.client.models").SandboxState


def raises(kind, call):
    """Calls, and returns the exception of that kind that it has to raise."""
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


def run_to_the_end(main):
    """
    Runs a program of the asynchronous client, says that it passed, and leaves without the interpreter's own end: in that the threads of
    e2b's transport (pyqwest 0.12) abort one process in ten, over http and https alike, whose last call was answered a moment before.
    """
    asyncio.run(main)
    print("scenario passed", flush=True)
    os._exit(0)


COUNTER = Path(__file__).with_name("counter.py").read_text()
"""Program that counts in memory and tells the count only when asked by a signal."""

ASK = "rm -f /tmp/count; kill -USR1 {pid}; until [ -e /tmp/count ]; do sleep 0.02; done; cat /tmp/count"
"""Command that prints the counter's pid and count."""

AWAIT_READY = "until [ -e /tmp/ready ]; do sleep 0.02; done"
