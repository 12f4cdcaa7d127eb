"""Variables and random numbers that come with a cell."""

import os
import random
import sys


class CellEnvironment:
    """Sets variables for one cell and puts the old ones back, except those that the cell has changed itself."""

    def __init__(self, variables):
        self._variables = variables
        self._old = {}

    def __enter__(self):
        self._old = {name: os.environ.get(name) for name in self._variables}
        os.environ.update(self._variables)

    def __exit__(self, *_):
        for name, old in self._old.items():
            if os.environ.get(name) != self._variables[name]:
                continue
            if old is None:
                del os.environ[name]
            else:
                os.environ[name] = old


def reseed():
    """Takes fresh random numbers from the kernel: this process's generators are in the state of the one it is a copy of."""
    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed()
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.seed()
    if "_ssl" in sys.modules:
        import ssl

        ssl.RAND_add(os.urandom(64), 64.0)
