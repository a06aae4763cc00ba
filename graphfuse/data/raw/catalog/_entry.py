"""The registry that finds data sets of raw files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from graphfuse._registry import Registry
from graphfuse.data.catalog._card import DatasetCard
from graphfuse.data.raw.manifest import Manifest


@dataclass(frozen=True)
class RawEntry:
    """A card and the function that reads what it describes."""

    card: DatasetCard
    load: Callable[..., Manifest]


raw_datasets: Registry[RawEntry] = Registry("raw dataset", "graphfuse.data.raw.catalog")


def raw_dataset(card: DatasetCard) -> Callable[[Callable[..., Manifest]], Callable[..., Manifest]]:
    """Register a loading function under its card's name."""

    def decorate(load: Callable[..., Manifest]) -> Callable[..., Manifest]:
        raw_datasets.add(card.name, RawEntry(card, load))
        return load

    return decorate
