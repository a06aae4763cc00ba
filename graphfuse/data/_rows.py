"""Indices of samples as users give them."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from graphfuse.errors import InputError


def as_row(i: int, total: int) -> int:
    """Return the row that an index stands for; negative ones count from the end.

    Raises:
        IndexError: there is no such sample.
        InputError: the index is not an integer.
    """
    try:
        row = operator.index(i)
    except TypeError:
        raise InputError(
            f"dataset[i] takes one integer and returns a Sample, got {i!r}; "
            f"dataset.subset(indices) gives a dataset, dataset.batch(indices) a Batch"
        ) from None
    if not -total <= row < total:
        raise IndexError(f"sample {row} of a dataset of {total}")
    return row % total


def as_rows(indices: Sequence[int] | np.ndarray | Tensor, total: int) -> Tensor:
    """Return the rows that indices, or a mask of bool [total], stand for.

    Raises:
        IndexError: there is no such sample.
        InputError: indices that are not integers, or a mask of the wrong length.
    """
    given = np.asarray(indices)
    if given.dtype == bool:
        if given.shape != (total,):
            raise InputError(
                f"a mask of samples must have one entry for each of the {total}, "
                f"got shape {list(given.shape)}"
            )
        given = np.flatnonzero(given)
    if given.size and given.dtype.kind not in "iu":
        raise InputError(
            f"indices of samples must be integers or a mask of bool, got {given.dtype} such as "
            f"{given.flat[0]!r}"
        )
    rows = given.astype(np.int64, order="C").reshape(-1)
    if rows.size:
        low, high = int(rows.min()), int(rows.max())
        if low < -total or high >= total:
            raise IndexError(f"indices must lie in [0, {total}), got {low} to {high}")
        if low < 0:
            rows %= total
    return torch.from_numpy(rows)
