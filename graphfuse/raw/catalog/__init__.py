"""Datasets of raw files, one per module, read from the place where they are installed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphfuse._registry import Registry
from graphfuse.data.catalog.card import DatasetCard, Entry, register
from graphfuse.raw.manifest import Manifest

__all__ = ["list_raw_datasets", "load_raw_dataset", "raw_dataset", "raw_datasets"]

raw_datasets: Registry[Entry[Manifest]] = Registry("raw dataset", "graphfuse.raw.catalog")


def raw_dataset(card: DatasetCard) -> Callable[[Callable[..., Manifest]], Callable[..., Manifest]]:
    """Register a loading function under its card's name."""
    return register(raw_datasets, card)


def list_raw_datasets() -> list[DatasetCard]:
    """Return the cards of all data sets of raw files, sorted by name."""
    return [raw_datasets.get(name).card for name in raw_datasets.names()]


def load_raw_dataset(name: str, **options: Any) -> Manifest:
    """Load a data set of raw files by name.

    Raises:
        UnknownNameError: no such data set.
        InputError: an option that it does not take, or its files are not installed.

    Example:
        >>> load_raw_dataset("stampz")
        Traceback (most recent call last):
        ...
        graphfuse.errors.UnknownNameError: unknown raw dataset 'stampz'; did you mean 'stamps'?
        Known: stamps
    """
    return raw_datasets.get(name).load_with(options)
