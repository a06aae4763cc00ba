"""Old import paths of public modules, which warn and lead to the new ones."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

MOVED = {
    "graphfuse.data.augment.features": "graphfuse.data.batch_changes",
    "graphfuse.data.augment": "graphfuse.raw.augment",
    "graphfuse.data.cleaning": "graphfuse.raw.cleaning",
    "graphfuse.data.inspection": "graphfuse.raw.inspection",
    "graphfuse.data.raw": "graphfuse.raw",
    "graphfuse.nn.networks": "graphfuse.encoders.networks",
}
"""New path of each package or module that has moved; what it contains has moved along."""


def new_path(name: str) -> str | None:
    """Return the new path of a module; None where it has not moved.

    Example:
        >>> new_path("graphfuse.data.raw.columns"), new_path("graphfuse.data.rawest")
        ('graphfuse.raw.columns', None)
    """
    for old, new in MOVED.items():
        if name == old or name.startswith(f"{old}."):
            return new + name.removeprefix(old)
    return None


class MovedFinder(MetaPathFinder, Loader):
    """Import a module under its old path: the very module of the new path, with a warning."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return a spec for a module that has moved, None for every other."""
        return None if new_path(fullname) is None else ModuleSpec(fullname, self)

    def exec_module(self, module: ModuleType) -> None:
        """Put the module of the new path in the place of the empty one."""
        old = module.__name__
        new = str(new_path(old))
        warnings.warn(f"{old} has moved to {new}", DeprecationWarning, stacklevel=2)
        sys.modules[old] = importlib.import_module(new)


def moved_names(module: str, new_names: Mapping[str, str]) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a module from which names have moved.

    Args:
        module: its path.
        new_names: the full new name of each.
    """

    def look_up(name: str) -> Any:
        if name not in new_names:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        message = f"{module}.{name} has moved to {new_names[name]}"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return pkgutil.resolve_name(new_names[name])

    return look_up


def install() -> None:
    """Make old paths importable."""
    if not any(isinstance(finder, MovedFinder) for finder in sys.meta_path):
        sys.meta_path.insert(0, MovedFinder())
