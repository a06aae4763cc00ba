"""What is known about a built-in dataset, and the registry that finds them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphfuse._registry import Registry

if TYPE_CHECKING:
    from graphfuse.data.dataset import FusionDataset


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
class Entry:
    """A card and the function that loads what it describes."""

    card: DatasetCard
    load: Callable[..., FusionDataset]


datasets: Registry[Entry] = Registry("dataset", "graphfuse.data.catalog")


def dataset(
    card: DatasetCard,
) -> Callable[[Callable[..., FusionDataset]], Callable[..., FusionDataset]]:
    """Register a loading function under its card's name."""

    def decorate(load: Callable[..., FusionDataset]) -> Callable[..., FusionDataset]:
        datasets.add(card.name, Entry(card, load))
        return load

    return decorate
