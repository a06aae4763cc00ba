"""A registry that finds what is in a package's files: adding one file adds one entry."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from graphfuse.errors import FusionError, UnknownNameError

T = TypeVar("T")


class Registry(Generic[T]):
    """Named entries, filled by importing every module of ``package`` at the first look-up.

    Args:
        kind: what an entry is, in the words of an error message.
        package: the package whose modules register themselves.

    Example:
        >>> planets: Registry[int] = Registry("planet", "graphfuse.stats")
        >>> planets.add("mars", 4)
        >>> planets.names()
        ['mars']
        >>> planets.get("mers")
        Traceback (most recent call last):
        ...
        graphfuse.errors.UnknownNameError: unknown planet 'mers'; did you mean 'mars'? Known: mars
    """

    def __init__(self, kind: str, package: str) -> None:
        self.kind, self.package = kind, package
        self._entries: dict[str, T] = {}
        self._discovered = False

    def add(self, name: str, entry: T) -> None:
        """Register ``entry``; a name that is taken by something else is an error."""
        present = self._entries.setdefault(name, entry)
        if present is not entry:
            raise FusionError(
                f"{self.kind} {name!r} is registered twice: {present!r} and {entry!r}"
            )

    def register(self, name: str) -> Callable[[T], T]:
        """Decorate a class or function to register it."""

        def decorate(entry: T) -> T:
            self.add(name, entry)
            return entry

        return decorate

    def names(self) -> list[str]:
        """All names, sorted."""
        self._discover()
        return sorted(self._entries)

    def get(self, name: str) -> T:
        """Look an entry up by its name."""
        self._discover()
        if name not in self._entries:
            raise UnknownNameError(self.kind, name, self._entries)
        return self._entries[name]

    def create(self, name: str, /, *given: Any, **options: Any) -> Any:
        """Call the entry of a name with what is given and with options, all of which it knows.

        Raises:
            UnknownNameError: no such entry or option.
        """
        made: Any = self.get(name)
        known = list(inspect.signature(made).parameters)[len(given) :]
        for option in options:
            if option not in known:
                raise UnknownNameError(f"option of {self.kind} {name!r}", option, known)
        return made(*given, **options)

    def _discover(self) -> None:
        if self._discovered:
            return
        self._discovered = True
        package = importlib.import_module(self.package)
        for module in pkgutil.walk_packages(package.__path__, prefix=f"{self.package}."):
            importlib.import_module(module.name)


def options_of(made: Any) -> dict[str, Any]:
    """Return the options of an instance of a dataclass whose fields they are, by name."""
    return {field.name: getattr(made, field.name) for field in dataclasses.fields(made)}
