"""Data sets of raw files, one a file, that are read where they are installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphfuse.data.catalog._card import DatasetCard
from graphfuse.raw.catalog._entry import raw_datasets

if TYPE_CHECKING:
    from graphfuse.raw.manifest import Manifest

__all__ = ["list_raw_datasets", "load_raw_dataset", "raw_datasets"]


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
