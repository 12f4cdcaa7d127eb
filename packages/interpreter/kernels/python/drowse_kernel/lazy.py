"""Changes to modules that are made when, and only if, a cell imports them."""

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.util import find_spec


def image_shown(module):
    """Makes show() of an image, and save() to a path, show it to the client, as hosted code interpreters do."""
    from IPython.display import display

    save = module.Image.save

    def show(self, title=None):
        display(self)

    def save_and_show(self, fp, format=None, **params):
        save(self, fp, format, **params)
        if isinstance(fp, str):
            display(self)

    module.Image.show = show
    module.Image.save = save_and_show


CHANGES = {"PIL.Image": image_shown}


class ChangingLoader(Loader):
    """Loads a module as its own loader does, then changes it."""

    def __init__(self, loader, change):
        self._loader = loader
        self._change = change

    def create_module(self, spec):
        """Leaves it to the module's own loader."""
        return self._loader.create_module(spec)

    def exec_module(self, module):
        """Runs the module, then the change."""
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        self._change(module)


class ChangingFinder(MetaPathFinder):
    """Finds the modules that are to be changed, once each."""

    def __init__(self):
        self._waiting = dict(CHANGES)

    def find_spec(self, fullname, path=None, target=None):
        """Gives a spec for a module of the list; others are found as ever."""
        change = self._waiting.pop(fullname, None)
        if change is None:
            return None
        spec = find_spec(fullname)
        if spec is None or spec.loader is None:
            self._waiting[fullname] = change
            return None
        spec.loader = ChangingLoader(spec.loader, change)
        return spec


def install_lazy_hooks():
    """Makes later imports of the modules change them."""
    sys.meta_path.insert(0, ChangingFinder())
