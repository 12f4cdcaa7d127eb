"""Runs cells for the interpreter: commands on descriptor 3, events on descriptor 4, output on 1 and 2."""

import sys

# Cells import from their own folders, never from this one.
sys.path[0] = ""


def _load():
    import importlib.util
    import os

    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "drowse_kernel")
    spec = importlib.util.spec_from_file_location(
        "drowse_kernel", os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["drowse_kernel"] = module
    spec.loader.exec_module(module)
    from drowse_kernel.kernel import main

    return main


_load()()
