"""The registry that finds data sets of raw files."""

from __future__ import annotations

from collections.abc import Callable

from graphfuse._registry import Registry
from graphfuse.data.catalog._card import DatasetCard, Entry, register
from graphfuse.raw.manifest import Manifest

raw_datasets: Registry[Entry[Manifest]] = Registry("raw dataset", "graphfuse.raw.catalog")


def raw_dataset(card: DatasetCard) -> Callable[[Callable[..., Manifest]], Callable[..., Manifest]]:
    """Register a loading function under its card's name."""
    return register(raw_datasets, card)
