"""Ids, groups, given splits and copies: one text per sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from graphfuse.data.values import UNREADABLE
from graphfuse.errors import InputError


@dataclass(frozen=True)
class PerSample:
    """Text [n] each; not every dataset has groups, splits and copies."""

    ids: np.ndarray
    groups: np.ndarray | None
    splits: np.ndarray | None
    copy_of: np.ndarray | None


Given = Sequence[Any] | np.ndarray
"""One entry per sample, as users give it."""


def per_sample(
    n: int,
    ids: Given,
    groups: Given | None,
    splits: Given | None,
    copy_of: Given | None = None,
) -> PerSample:
    """Return them as text.

    Raises:
        InputError: the number of entries differs from the number of samples, an entry is missing,
            an id occurs twice, or ``copy_of`` names a copy or an unknown sample.
    """
    names = _read("ids", ids, n)
    values, counts = np.unique(names, return_counts=True)
    if len(values) < n:
        raise InputError(
            f"ids must be unique, but {str(values[counts > 1][0])!r} occurs more than once; "
            f"rename it (a sample without an id takes its number)"
        )
    originals = _texts("copy_of", copy_of, n)
    if originals is not None:
        _check_originals(names, originals)
    return PerSample(names, _texts("groups", groups, n), _texts("splits", splits, n), originals)


def _check_originals(ids: np.ndarray, copy_of: np.ndarray) -> None:
    is_copy = copy_of != ""
    wrong = is_copy & ~np.isin(copy_of, ids[~is_copy])
    if wrong.any():
        row = int(wrong.argmax())
        name = str(copy_of[row])
        raise InputError(
            f"copy_of must name the original of each copy, and be '' for all other samples, but "
            f"sample {str(ids[row])!r} is a copy of {name!r}, which is "
            f"{'a copy itself' if name in ids else 'no sample'}"
        )


def _texts(what: str, given: Given | None, n: int) -> np.ndarray | None:
    if given is None:
        return None
    return _read(what, given, n)


def _read(what: str, given: Given, n: int) -> np.ndarray:
    import pandas as pd

    try:
        entries = np.asarray(given, dtype=object)
        missing = pd.isna(entries)
    except UNREADABLE:
        raise InputError(
            f"{what} must be a list of {n} texts or numbers, got {type(given).__name__!r}"
        ) from None
    if entries.shape != (n,):
        raise InputError(f"{what} has one entry per sample, {n}; got shape {list(entries.shape)}")
    if missing.any():
        raise InputError(
            f"{what} has one entry per sample, but None or NaN at sample {missing.argmax()}; fill "
            f"it in (a sample without a group forms its own)"
        )
    strange = [e for e in entries if isinstance(e, list | tuple | dict | set | np.ndarray | Tensor)]
    if strange:
        raise InputError(
            f"{what} must have one text or number per sample, got {type(strange[0]).__name__!r}"
        )
    return np.array([str(entry) for entry in entries], dtype=str)
