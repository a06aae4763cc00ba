"""Facts about the built-in datasets, and their registry."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from graphfuse._registry import Registry
from graphfuse.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from graphfuse.data.dataset import FusionDataset

T = TypeVar("T")


@dataclass(frozen=True)
class DatasetCard:
    """Facts that ``graphfuse list datasets`` and the report print."""

    name: str
    title: str
    modalities: tuple[str, ...]
    samples: int
    task: str
    classes: int
    license: str
    source: str
    description: str


@dataclass(frozen=True)
class Entry(Generic[T]):
    """A card and the function that loads what it describes."""

    card: DatasetCard
    load: Callable[..., T]

    def load_with(self, options: Mapping[str, Any]) -> T:
        """Load it.

        Raises:
            InputError: an option that the function does not take.
        """
        known = list(inspect.signature(self.load).parameters)
        for option in options:
            if option not in known:
                unknown = UnknownNameError("option", option, known)
                raise InputError(f"dataset {self.card.name!r}: {unknown}")
        return self.load(**options)


datasets: Registry[Entry[FusionDataset]] = Registry("dataset", "graphfuse.data.catalog")


def dataset(
    card: DatasetCard,
) -> Callable[[Callable[..., FusionDataset]], Callable[..., FusionDataset]]:
    """Register a loading function under its card's name."""
    return register(datasets, card)


def register(
    registry: Registry[Entry[T]], card: DatasetCard
) -> Callable[[Callable[..., T]], Callable[..., T]]:
    """Register a loading function in a registry under its card's name."""
    return registry.register(card.name, lambda load: Entry(card, load))
