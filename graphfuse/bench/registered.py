"""What a run looks up by name in registries, and how a user's own entries reach other processes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphfuse._registry import Registry
from graphfuse.data.spec import Spec
from graphfuse.data.steps.step import steps
from graphfuse.encoders.networks import networks
from graphfuse.fusion import strategies, strategy_info
from graphfuse.graph.relation import relations
from graphfuse.training.balance import balance_methods
from graphfuse.training.metrics import metrics

REGISTRIES: dict[str, Registry[Any]] = {
    registry.kind: registry
    for registry in (strategies, relations, networks, steps, balance_methods, metrics)
}


@dataclass(frozen=True)
class Registered:
    """An entry of a registry, by the registry's kind and the entry's name."""

    kind: str
    name: str
    entry: Any

    @property
    def code(self) -> tuple[Any, ...]:
        """The classes or functions that it stands for."""
        if self.kind == strategies.kind:
            return (self.entry.make,)
        if self.kind == metrics.kind:
            return (self.entry.function, *self.entry.needs)
        return (self.entry,)

    @property
    def is_users(self) -> bool:
        """Whether it is not part of graphfuse."""
        module: str = self.code[0].__module__
        return module.partition(".")[0] != "graphfuse"


def entries_of(
    strategy: str,
    options: Mapping[str, Any] | None = None,
    balance: str | None = None,
    wanted_steps: Iterable[Any] | None = None,
) -> list[Registered]:
    """Return what a run of a strategy with these options looks up by name.

    Args:
        strategy: its name.
        options: its options; entries of ``relations`` and ``encoders`` are looked up.
        balance: the recipe's method.
        wanted_steps: the steps of the dataset.

    Example:
        >>> [entry.name for entry in entries_of("graph:hgt/no_edges", {"relations": ["temporal"]})]
        ['graph:hgt', 'temporal']
    """
    base = strategy_info(strategy).base
    found = [Registered(strategies.kind, base.name, base)]
    chosen = options or {}
    for registry, specs in (
        (relations, chosen.get("relations")),
        (networks, (chosen.get("encoders") or {}).values()),
        (steps, wanted_steps),
        (balance_methods, [balance] if balance else None),
    ):
        names = dict.fromkeys(name for spec in specs or () for name in _names(spec))
        found += [
            Registered(registry.kind, name, registry.get(name))
            for name in names
            if name in registry.names()
        ]
    every = (Registered(metrics.kind, name, metrics.get(name)) for name in metrics.names())
    return found + [entry for entry in every if entry.is_users]


def _names(spec: Any) -> Iterator[str]:
    """Yield the texts in a name, ``{name: options}`` or a spec; "timm:resnet18" is "timm" too.

    Options count as well, as relations such as ``union`` name others in theirs.
    """
    if isinstance(spec, str):
        yield spec
        yield spec.partition(":")[0]
    elif isinstance(spec, Mapping):
        for name, options in spec.items():
            yield from _names(name)
            yield from _names(options)
    elif isinstance(spec, list | tuple):
        for part in spec:
            yield from _names(part)
    elif isinstance(spec, Spec):
        yield from _names(spec.plain)


def announce(entries: Iterable[Registered]) -> None:
    """Register entries that this process does not know."""
    for entry in entries:
        registry = REGISTRIES[entry.kind]
        if entry.name not in registry.names():
            registry.add(entry.name, entry.entry)
