"""What names and sorts the samples of a dataset: ids, groups and given splits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from graphfuse.errors import InputError


@dataclass(frozen=True)
class PerSample:
    """Text [n] each; not every dataset has groups and splits."""

    ids: np.ndarray
    groups: np.ndarray | None
    splits: np.ndarray | None


Given = Sequence[Any] | np.ndarray


def per_sample(n: int, ids: Given, groups: Given | None, splits: Given | None) -> PerSample:
    """Return the three as text.

    Raises:
        InputError: another number of entries than samples, a missing entry, or an id that occurs
            twice.
    """
    _check("ids", ids, n)
    names = np.array([str(i) for i in ids], dtype=str)
    values, counts = np.unique(names, return_counts=True)
    if len(values) < n:
        raise InputError(
            f"ids are unique, but {str(values[counts > 1][0])!r} occurs more than once; "
            f"a sample without an id takes its number"
        )
    return PerSample(names, _texts("groups", groups, n), _texts("splits", splits, n))


def _texts(what: str, given: Given | None, n: int) -> np.ndarray | None:
    if given is None:
        return None
    _check(what, given, n)
    return np.asarray(given).astype(str)


def _check(what: str, given: Given, n: int) -> None:
    import pandas as pd

    entries = np.asarray(given, dtype=object)
    if entries.shape != (n,):
        raise InputError(f"{what} has one entry a sample, {n}; got shape {list(entries.shape)}")
    missing = pd.isna(entries)
    if missing.any():
        raise InputError(
            f"{what} has one entry a sample, but None or NaN at sample {missing.argmax()}; fill it "
            f"in (a sample that belongs to no group is a group of its own)"
        )
