"""A registry that finds what is in a package's files: adding one file adds one entry."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import inspect
import pkgutil
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import metadata
from typing import Any, Generic, Protocol, TypeVar

from graphfuse.errors import FusionError, PluginWarning, UnknownNameError

T = TypeVar("T")
C = TypeVar("C")


class Named(Protocol):
    """A name and options, as ``graphfuse.data.spec.Spec`` has them."""

    @property
    def name(self) -> str:
        """The name."""

    @property
    def options(self) -> Mapping[str, Any]:
        """The options."""


class Registry(Generic[T]):
    """Named entries, filled by importing every module of ``package`` at the first look-up.

    Args:
        kind: what an entry is, in the words of an error message.
        package: the package whose modules register themselves.
        entry_points: a group of entry points. Those of installed packages are imported at the
            first look-up too, so that they can register entries of their own.

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

    def __init__(self, kind: str, package: str, *, entry_points: str | None = None) -> None:
        self.kind, self.package, self.entry_points = kind, package, entry_points
        self._entries: dict[str, T] = {}
        self._discovered = False

    def add(self, name: str, entry: T) -> None:
        """Register ``entry``; a name that is taken by something else is an error."""
        present = self._entries.setdefault(name, entry)
        if present is not entry:
            raise FusionError(
                f"{self.kind} {name!r} is registered twice: {present!r} and {entry!r}"
            )

    def register(self, name: str, entry_of: Callable[[Any], T] | None = None) -> Callable[[C], C]:
        """Decorate a class or function to register it.

        Args:
            name: becomes its attribute ``name`` as well, if it is its own entry.
            entry_of: returns the entry for what is decorated; by default that is its own entry.

        Example:
            >>> rooms: Registry[type] = Registry("room", "graphfuse.stats")
            >>> @rooms.register("kitchen")
            ... class Kitchen:
            ...     pass
            >>> rooms.get(Kitchen.name) is Kitchen
            True
        """

        def decorate(decorated: C) -> C:
            if entry_of is None:
                decorated.name = name  # type: ignore[attr-defined]
            entry: Any = decorated if entry_of is None else entry_of(decorated)
            self.add(name, entry)
            return decorated

        return decorate

    @contextlib.contextmanager
    def temporarily(self) -> Iterator[None]:
        """Remove on exit what was registered within; for tests.

        Example:
            >>> planets: Registry[int] = Registry("planet", "graphfuse.stats")
            >>> with planets.temporarily():
            ...     planets.add("vulcan", 0)
            >>> planets.names()
            []
        """
        self._discover()
        before = dict(self._entries)
        try:
            yield
        finally:
            self._entries = before

    def names(self) -> list[str]:
        """All names, sorted."""
        self._discover()
        return sorted(self._entries)

    def get(self, name: str) -> T:
        """Return the entry of a name.

        Raises:
            UnknownNameError: no such entry; the message suggests one.
        """
        self._discover()
        if name not in self._entries:
            raise UnknownNameError(self.kind, name, self._entries)
        return self._entries[name]

    def create(self, name: str, /, *given: Any, **options: Any) -> Any:
        """Call the entry of a name with the given arguments and options.

        Raises:
            UnknownNameError: no such entry or option.
        """
        entry: Any = self.get(name)
        known = list(inspect.signature(entry).parameters)[len(given) :]
        check_options(f"{self.kind} {name!r}", options, known)
        return entry(*given, **options)

    def build(
        self, given: Any, base: type, spec_of: Callable[[Any], Named], *arguments: Any
    ) -> Any:
        """Return the instance that an instance, a spec, a name or ``{name: options}`` stands for.

        Args:
            given: an instance, which is returned as it is, or what ``spec_of`` takes.
            base: the class of the instances.
            spec_of: returns a name and options, such as ``StepSpec.of``.
            arguments: what the entry is called with besides its options.

        Raises:
            UnknownNameError: no such entry or option.
        """
        if isinstance(given, base):
            return given
        spec = spec_of(given)
        return self.create(spec.name, *arguments, **spec.options)

    def _discover(self) -> None:
        if self._discovered:
            return
        self._discovered = True
        package = importlib.import_module(self.package)
        for module in pkgutil.walk_packages(package.__path__, prefix=f"{self.package}."):
            importlib.import_module(module.name)
        if self.entry_points is not None:
            load_plugins(self.entry_points)


@functools.cache
def load_plugins(group: str) -> None:
    """Import what installed packages offer under a group of entry points, once per process.

    One that cannot be imported is a :class:`~graphfuse.errors.PluginWarning` that names it.
    """
    for point in sorted(metadata.entry_points(group=group), key=lambda point: point.name):
        try:
            point.load()
        except Exception as error:
            package = "an unknown package" if point.dist is None else point.dist.name
            warnings.warn(
                f"the plug-in {point.name!r} of {package} ({group} = {point.value}) cannot be "
                f"loaded and is left out: {type(error).__name__}: {error}; update or uninstall "
                f"{package}",
                PluginWarning,
                stacklevel=2,
            )


def check_options(what: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Raise an error for an option that ``what`` does not have.

    Example:
        >>> check_options("dataset 'moons'", {"nois": 1}, ["noise"])
        Traceback (most recent call last):
        ...
        graphfuse.errors.UnknownNameError: unknown option of dataset 'moons' 'nois'; did you mean...
    """
    known = list(known)
    for option in given:
        if option not in known:
            raise UnknownNameError(f"option of {what}", option, known)


def options_of(made: Any) -> dict[str, Any]:
    """Return the options of an instance of a dataclass whose fields they are, by name."""
    return {field.name: getattr(made, field.name) for field in dataclasses.fields(made)}
